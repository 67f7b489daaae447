#include "engine/cgroup/controllers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/cgroup/fake_tree.h"

namespace seatrial::cgroup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Controllers, AreTheWordsOfTheFile) {
  const FakeTree tree("cpu io memory");
  EXPECT_THAT(controllers_of(Directory(tree.path())), ElementsAre("cpu", "io", "memory"));
  EXPECT_THAT(controllers_of(Directory("/")), ElementsAre());
}

TEST(Controllers, EachAncestorHandsDownWhatItHas) {
  const FakeTree tree("cpu memory");
  tree.file("pod/cgroup.controllers", "memory\n");
  tree.file("pod/box/cgroup.controllers", "\n");
  tree.file("cgroup.subtree_control");
  tree.file("pod/cgroup.subtree_control");
  enable_available(tree.member());
  EXPECT_EQ(tree.read("cgroup.subtree_control"), "+cpu +memory");
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "+memory");
  EXPECT_EQ(tree.read("pod/box/cgroup.subtree_control"), "");
}

TEST(Controllers, NothingIsWrittenWhereAllAreThere) {
  const FakeTree tree("cpu memory");
  tree.file("cgroup.subtree_control");
  enable_available(tree.member());
  EXPECT_EQ(tree.read("cgroup.subtree_control"), "");
}

TEST(Controllers, OneIsHandedDownWhereItIsNotYet) {
  const FakeTree tree("cpu memory");
  tree.file("pod/cgroup.subtree_control");
  EXPECT_TRUE(enable_controller(tree.member(), "memory"));
  EXPECT_EQ(tree.read("cgroup.subtree_control"), "cpu memory\n");
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "+memory");
  EXPECT_FALSE(enable_controller(tree.member(), "io"));
}

TEST(Controllers, NothingIsHandedDownWhereProcessesAre) {
  const FakeTree tree("cpu memory");
  tree.file("pod/box/cgroup.controllers");
  tree.file("pod/cgroup.subtree_control");
  tree.file("pod/cgroup.type", "domain\n");
  tree.file("pod/cgroup.procs", "17\n");
  enable_available(tree.member());
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "");
  try {
    enable_controller(tree.member(), "cpu");
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kConflict);
    EXPECT_THAT(failure.what(), HasSubstr("the cgroup controller cpu cannot be enabled below " +
                                          tree.path("/pod") + ": it holds processes"));
  }
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "");
  tree.file("pod/cgroup.procs");
  static_cast<void>(enable_controller(tree.member(), "memory"));
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "+memory");  // control: they are gone
}

TEST(Controllers, CreateEnablesThemOnPureV2) {
  const FakeTree tree("cpu memory");
  tree.file("cgroup.subtree_control");
  tree.file("pod/cgroup.subtree_control");
  tree.file("pod/box/cgroup.controllers");
  const Cgroup cgroup = Cgroup::create(tree.layout(), "/pod/box", "unused");
  EXPECT_EQ(cgroup.identity().unified()->directory, tree.path("/pod/box"));
  EXPECT_EQ(tree.read("pod/cgroup.subtree_control"), "+cpu +memory");
}

TEST(Controllers, CreateRefusesADirectoryThatNoProcessCanJoin) {
  const FakeTree tree("cpu memory pids");
  tree.file("pod/box/cgroup.subtree_control", "cpu pids\n");
  EXPECT_NO_THROW(Cgroup::create(tree.layout(), "/pod/box", "unused"));  // control: threaded ones
  tree.file("pod/box/cgroup.subtree_control", "cpu memory\n");
  try {
    Cgroup::create(tree.layout(), "/pod/box", "unused");
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kConflict);
    EXPECT_THAT(failure.what(), HasSubstr("linux.cgroupsPath: " + tree.path("/pod/box")));
    EXPECT_THAT(failure.what(), HasSubstr("memory"));
  }
}

}  // namespace
}  // namespace seatrial::cgroup
