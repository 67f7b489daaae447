#include "engine/runtime/state_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class StateRootTest : public testing::Test {
 protected:
  TempDir dir_{fs::temp_directory_path()};
  StateRoot root_{dir_.path() / "made" / "for me"};
};

Kind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& failure) {
    return failure.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Kind::kInternal;
}

TEST_F(StateRootTest, IsMadeForItsOwnerAlone) {
  EXPECT_EQ(fs::status(root_.path()).permissions(), fs::perms::owner_all);
}

TEST_F(StateRootTest, AnIdIsTakenOnce) {
  const StateDirectory directory = root_.create("c1");
  EXPECT_EQ(kind_of([&] { root_.create("c1"); }), Kind::kConflict);
}

TEST_F(StateRootTest, UnknownAndImpossibleIdsAreToldApart) {
  EXPECT_EQ(kind_of([&] { root_.open("c1"); }), Kind::kNotFound);
  EXPECT_EQ(kind_of([&] { root_.open("../c1"); }), Kind::kInvalidArgument);
}

TEST_F(StateRootTest, RecordAndConfigComeBack) {
  const StateDirectory directory = root_.create("c1");
  Record record;
  record.oci_version = "1.0.2";
  directory.write_record(record);
  record.oci_version = "1.3.0";
  directory.write_record(record);
  directory.write_config("{}");
  EXPECT_EQ(root_.open("c1").read_record().oci_version, "1.3.0");
  EXPECT_EQ(root_.open("c1").read_config(), "{}");
}

TEST_F(StateRootTest, ARecordWhoseWriterWasKilledDoesNotCount) {
  const StateDirectory directory = root_.create("c1");
  const fs::path file = root_.path() / "c1" / "record.jsonl";
  write_file_atomically(file, R"({"phase":"crea)");
  EXPECT_EQ(kind_of([&] { static_cast<void>(directory.read_record()); }), Kind::kNotFound);
  write_file_atomically(file, print_record({.oci_version = "1.0.2"}) + "\n{\"phase\":\"crea");
  EXPECT_EQ(directory.read_record().oci_version, "1.0.2");
}

TEST_F(StateRootTest, TheLockExcludes) {
  std::optional<StateDirectory> holder = root_.create("c1");
  EXPECT_FALSE(root_.try_lock("c1"));
  holder.reset();
  EXPECT_TRUE(root_.try_lock("c1"));
}

TEST_F(StateRootTest, ASharedLockExcludesOnlyTheExclusive) {
  root_.create("c1");
  const StateDirectory first = root_.lock("c1", Lock::kShared);
  const StateDirectory second = root_.lock("c1", Lock::kShared);
  EXPECT_FALSE(root_.try_lock("c1"));
}

TEST_F(StateRootTest, WhoWaitedForADeletedContainerFindsNone) {
  std::optional<StateDirectory> holder = root_.create("c1");
  Kind seen = Kind::kInternal;
  std::thread waiter([&] { seen = kind_of([&] { root_.lock("c1"); }); });
  root_.remove(*holder);
  holder.reset();
  waiter.join();
  EXPECT_EQ(seen, Kind::kNotFound);
}

TEST_F(StateRootTest, RemovesLeftoversOfAKilledWrite) {
  const StateDirectory directory = root_.create("c1");
  write_file_atomically(root_.path() / "c1" / ".pid.1.new", "half");
  root_.remove(directory);
  EXPECT_FALSE(fs::exists(root_.path() / "c1"));
}

TEST_F(StateRootTest, ListsIdsAndNothingElse) {
  root_.create("b");
  root_.create("a");
  write_file_atomically(root_.path() / "a_file", "");
  fs::create_directory(root_.path() / "not an id");
  EXPECT_THAT(root_.ids(), ElementsAre("a", "b"));
}

TEST_F(StateRootTest, PublishedFilesAppearWhole) {
  const StateDirectory directory = root_.create("c1");
  publish_file(directory.get(), "pid", "12345", 0600);
  publish_file(directory.get(), "pid", "1", 0600);
  EXPECT_EQ(read_file(root_.path() / "c1" / "pid"), "1");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_.path() / "c1"), fs::directory_iterator()),
            1);
}

}  // namespace
}  // namespace seatrial::runtime
