#include "engine/cli/output.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/cli/cli_fixture.h"
#include "engine/cli/progress.h"
#include "engine/cli/quoted_text.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;

const Listing kListing{.columns = {{"ID", "CONTAINER ID"}, {"Names", "NAMES"}},
                       .other_headings = {{"Image", "IMAGE"}},
                       .quiet_field = "ID"};
const std::vector<Row> kRows{
    {json{{"ID", "0123456789ab"}, {"Names", "a"}, {"Image", "busybox"}}, {{"of.this-one", "x"}}}};

std::string listed(const std::string& options) {
  return list_text(kListing, line_of("ps " + options).options, kRows);
}

TEST(Listing, IsATableUnlessAsked) {
  EXPECT_EQ(listed(""), "CONTAINER ID   NAMES\n0123456789ab   a\n");
  EXPECT_EQ(listed("-q"), "0123456789ab\n");
  EXPECT_EQ(listed("--format {{.Names}}:{{.Image}}"), "a:busybox\n");
  EXPECT_EQ(list_text(kListing,
                      parse_command_line(std::vector<std::string_view>{
                                             "ps", "--format", "table {{.Image}}\\t{{.ID}}"})
                          .options,
                      kRows),
            "IMAGE     CONTAINER ID\nbusybox   0123456789ab\n");
  EXPECT_EQ(listed("--format json"),
            "{\"ID\":\"0123456789ab\",\"Image\":\"busybox\",\"Names\":\"a\"}\n");
}

TEST(Listing, KnowsLabelsByName) {
  EXPECT_EQ(list_text(kListing,
                      parse_command_line(
                          std::vector<std::string_view>{
                              "ps", "--format", "table {{upper .ID}}\t{{.Label \"of.this-one\"}}"})
                          .options,
                      kRows),
            "CONTAINER ID   this one\n0123456789AB   x\n");
}

TEST(Complaints, AreForUsers) {
  const std::string id(64, 'a');
  EXPECT_EQ(
      for_users("start container c: run " + id +
                ": step 53 of 55, exec: \"x\": executable file not found in $PATH: ENOENT (No "
                "such file or directory)"),
      "start container c: exec: \"x\": executable file not found in $PATH");
  EXPECT_EQ(for_users("exec in " + id +
                      ": step 20 of 22, exec: \"/etc\": permission denied: EACCES "
                      "(Permission denied)"),
            "exec: \"/etc\": permission denied");
  EXPECT_EQ(for_users("open /x: ENOENT (No such file or directory)"),
            "open /x: ENOENT (No such file or directory)");
}

TEST(Sizes, AreRoundedAsDockerRounds) {
  EXPECT_EQ(human_size(0), "0B");
  EXPECT_EQ(human_size(999), "999B");
  EXPECT_EQ(human_size(1'240'000), "1.24MB");
  EXPECT_EQ(human_size(123'456'789), "123MB");
  EXPECT_EQ(human_size(1'234'000'000, 4), "1.234GB");
  EXPECT_EQ(binary_size(1536), "1.5KiB");
  EXPECT_EQ(binary_size(512.0 * 1024 * 1024), "512MiB");
}

TEST(Texts, AreShortenedByCharacters) {
  EXPECT_EQ(shortened("short", 20), "short");
  EXPECT_EQ(shortened("abcdefghij", 5), "abcd…");
  EXPECT_EQ(shortened("äöüäöü", 4), "äöü…");
  EXPECT_EQ(quoted_text("sh -c \"a\""), "\"sh -c \\\"a\\\"\"");
}

TEST(Ports, NeighboursBecomeRanges) {
  EXPECT_EQ(ports_text({{80, "tcp", "", 8080}}, {"80/tcp", "443/tcp"}),
            "0.0.0.0:8080->80/tcp, 443/tcp");
  EXPECT_EQ(ports_text({{81, "tcp", "", 8081}, {80, "tcp", "", 8080}, {90, "tcp", "::1", 9}}, {}),
            "0.0.0.0:8080-8081->80-81/tcp, [::1]:9->90/tcp");
  EXPECT_EQ(ports_text({}, {}), "");
}

TEST(Progress, FitsTheTerminal) {
  EXPECT_EQ(progress_line({.id = "ab", .status = "Already exists"}, 79), "ab: Already exists");
  EXPECT_EQ(progress_line({.id = "ab", .status = "Downloading", .current = 50, .total = 100}, 79),
            "ab: Downloading [===============>               ]     50B/100B");
  EXPECT_EQ(progress_line({.id = "ab", .status = "Downloading", .current = 50, .total = 100}, 10),
            "ab: Downlo");
}

}  // namespace
}  // namespace seatrial::engine_cli
