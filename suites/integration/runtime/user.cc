// process.user: who the program runs as.
#include <grp.h>
#include <sys/stat.h>

#include "harness/fixtures/case.h"

namespace {

struct Ids {
  std::string name;
  Clauses clauses;
  unsigned uid;
  unsigned gid;
};

const Ids kIds[] = {
    {"Unprivileged", {"runtime/user/uid", "runtime/user/gid"}, 1000, 2000},
    {"RootInAnotherGroup", {"runtime/user/uid", "runtime/user/gid"}, 0, 2000},
    {"InTheGroupOfRoot", {"runtime/user/uid", "runtime/user/gid"}, 65534, 0},
};

// The supplementary groups of the engine's caller, which must not reach any container.
void join_groups_of_the_caller() {
  const gid_t groups[] = {4242, 4343};
  ASSERT_EQ(::setgroups(2, groups), 0);
}

}  // namespace

TRIAL_TABLE(UserIds, kIds) {
  auto box = target().run(Bundle::minimal().user(row().uid, row().gid).probe({"status"}));
  const ProcessStatus status = box.report().status();
  for (const auto id : {status.uid, status.effective_uid, status.saved_uid, status.fs_uid}) {
    EXPECT_EQ(id, row().uid);
  }
  for (const auto id : {status.gid, status.effective_gid, status.saved_gid, status.fs_gid}) {
    EXPECT_EQ(id, row().gid);
  }
}

TRIAL(UserGroups, AreTheAdditionalGids, Clauses{"runtime/user/additional-gids"},
      Needs{Feature::kOtherIds}) {
  join_groups_of_the_caller();
  auto box = target().run(Bundle::minimal()
                              .with_file("/data/shared", "for the crew", 0040)
                              .owned_by("/data/shared", 0, 7000)
                              .with_file("/data/private", "for others", 0040)
                              .owned_by("/data/private", 0, 7001)
                              .user(1000, 1000, {5, 7000})
                              .probe({"status"})
                              .probe({"read", "/data/shared", "/data/private"}));
  EXPECT_THAT(box.report().status().groups, UnorderedElementsAre(5, 7000));
  EXPECT_THAT(box.report(), Read("/data/shared", "for the crew"));
  EXPECT_THAT(box.report(), Failed("read", "/data/private", "EACCES"));
}

TRIAL(UserGroups, AreEmptyWithoutAdditionalGids, Clauses{"runtime/user/additional-gids"},
      Needs{Feature::kOtherIds}) {
  join_groups_of_the_caller();
  auto box = target().run(Bundle::minimal().user(1000, 1000).probe({"status"}));
  EXPECT_THAT(box.report().status().groups, IsEmpty());
}

TRIAL(UserUmask, IsTheOneOfTheConfiguration, Clauses{"runtime/user/umask"},
      Needs{Feature::kUmask}) {
  auto box = target().run(Bundle::minimal()
                              .set("/process/user/umask", 0137)
                              .probe({"status"})
                              .probe({"mkdir", "/data/made"})
                              .probe({"stat", "/data/made"}));
  EXPECT_EQ(box.report().status().umask, 0137);
  EXPECT_THAT(box.report().stat("/data/made"), HasField("mode", 0640));
}

TRIAL(UserUmask, IsTheOneOfTheCallerByDefault, Clauses{"runtime/user/umask-unset"},
      Needs{Feature::kUmask}) {
  ::umask(0031);
  auto box = target().run(Bundle::minimal().probe({"status"}));
  EXPECT_EQ(box.report().status().umask, 0031);
}
