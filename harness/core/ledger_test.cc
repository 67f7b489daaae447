#include "harness/core/ledger.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::harness {
namespace {

TEST(Ledger, KeepsWhatACaseOwns) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto file = dir.path() / "ledger";
  write_ledger(file, {.cgroup_parents = {"/trial-1"}, .state_root = "/run/x"});
  const sentinel::Owned owned = read_ledger(file);
  EXPECT_THAT(owned.cgroup_parents, testing::ElementsAre("/trial-1"));
  EXPECT_EQ(owned.state_root, "/run/x");
}

TEST(Ledger, AbsentOrEmptyOwnsNothing) {
  const TempDir dir(std::filesystem::temp_directory_path());
  EXPECT_TRUE(read_ledger(dir.path() / "absent").cgroup_parents.empty());
  write_file_atomically(dir.path() / "empty", "");
  EXPECT_TRUE(read_ledger(dir.path() / "empty").state_root.empty());
}

TEST(Ledger, RefusesWhatItDidNotWrite) {
  const TempDir dir(std::filesystem::temp_directory_path());
  write_file_atomically(dir.path() / "ledger", R"({"cgroup_parents": "/"})");
  EXPECT_THROW(read_ledger(dir.path() / "ledger"), Error);
}

}  // namespace
}  // namespace seatrial::harness
