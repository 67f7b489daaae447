#include "engine/oci/update_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::oci {
namespace {

using testing::HasSubstr;

std::string refusal(const GivenOptions& options) {
  try {
    update_request(options);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "";
}

TEST(UpdateRequest, HasWhatTheOptionsNameAndNothingElse) {
  GivenOptions options;
  options.add("memory", "64m");
  options.add("memory-swap", "-1");
  options.add("cpu-share", "512");
  options.add("cpuset-cpus", "0-1");
  options.add("pids-limit", "20");
  const spec::Resources asked = update_request(options).resources;
  EXPECT_EQ(asked.memory->limit, 64 << 20);
  EXPECT_EQ(asked.memory->swap, -1);
  EXPECT_FALSE(asked.memory->reservation);
  EXPECT_EQ(asked.cpu->shares, 512U);
  EXPECT_EQ(asked.cpu->cpus, "0-1");
  EXPECT_FALSE(asked.cpu->quota);
  EXPECT_EQ(asked.pids_limit, 20);
  EXPECT_FALSE(asked.block_io);
}

TEST(UpdateRequest, IsReadFromADocument) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const std::string path = dir.path() / "resources.json";
  write_file_atomically(path, R"({"memory": {"limit": 1048576}, "blockIO": {"weight": 500}})",
                        0600);
  GivenOptions options;
  options.add("resources", path);
  const spec::Resources asked = update_request(options).resources;
  EXPECT_EQ(asked.memory->limit, 1048576);
  EXPECT_EQ(asked.block_io->weight, 500);
  options.add("memory", "1g");
  EXPECT_THAT(refusal(options), HasSubstr("--resources"));
  write_file_atomically(path, R"({"memory": {"limit": "much"}})", 0600);
  GivenOptions wrong;
  wrong.add("resources", path);
  EXPECT_THAT(refusal(wrong), testing::AllOf(HasSubstr(path), HasSubstr("memory.limit")));
}

TEST(UpdateRequest, HasTheLinesOfTheClassInTheOrderOfAConfiguration) {
  GivenOptions options;
  options.add("mem-bw-schema", "MB:0=20");
  options.add("l3-cache-schema", "L3:0=f");
  EXPECT_THAT(update_request(options).schemata, testing::ElementsAre("L3:0=f", "MB:0=20"));
  GivenOptions wrong;
  wrong.add("mem-bw-schema", "L3:0=f");
  EXPECT_THAT(refusal(wrong),
              testing::AllOf(HasSubstr("option --mem-bw-schema"), HasSubstr("MB:")));
  GivenOptions empty;
  empty.add("l3-cache-schema", "");
  EXPECT_THAT(refusal(empty), HasSubstr("option --l3-cache-schema is empty"));
}

// As for runc, which engines may ask so.
TEST(UpdateRequest, MayBeOfNothing) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const std::string path = dir.path() / "resources.json";
  write_file_atomically(path, "null", 0600);
  GivenOptions null;
  null.add("resources", path);
  for (const auto& [asked, schemata] : {update_request({}), update_request(null)}) {
    EXPECT_FALSE(asked.cpu || asked.memory || asked.block_io || asked.pids_limit);
    EXPECT_THAT(asked.devices, testing::IsEmpty());
    EXPECT_THAT(schemata, testing::IsEmpty());
  }
  write_file_atomically(path, "false", 0600);
  EXPECT_THAT(refusal(null), HasSubstr("false is not an object"));
}

// The engine room decides what becomes of it.
TEST(UpdateRequest, MayNameTheKernelsMemory) {
  GivenOptions options;
  options.add("kernel-memory", "64m");
  options.add("kernel-memory-tcp", "-1");
  const spec::Resources asked = update_request(options).resources;
  EXPECT_EQ(asked.memory->kernel, 64 << 20);
  EXPECT_EQ(asked.memory->kernel_tcp, -1);
}

TEST(UpdateRequest, NamesTheOptionThatIsWrong) {
  for (const auto& [name, value] :
       {std::pair{"memory", "64q"}, std::pair{"memory", "-2"}, std::pair{"memory", "-1m"},
        std::pair{"memory", ""}, std::pair{"memory-swap", "9999999999g"},
        std::pair{"cpu-share", "-1"}, std::pair{"cpu-quota", "1.5"},
        std::pair{"blkio-weight", "70000"}, std::pair{"pids-limit", "many"}}) {
    GivenOptions options;
    options.add(name, value);
    EXPECT_THAT(refusal(options), HasSubstr(std::string("option --") + name)) << value;
  }
}

TEST(Limit, IsASizeAsDockerHasItOrNone) {
  EXPECT_EQ(parse_limit("memory", "7"), 7);
  EXPECT_EQ(parse_limit("memory", "50mb"), 50 << 20);
  EXPECT_EQ(parse_limit("memory", "1.5GiB"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_limit("memory", "-1"), -1);
}

}  // namespace
}  // namespace seatrial::oci
