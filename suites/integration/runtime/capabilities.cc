// The five capability sets and no_new_privs, after the execve that capabilities(7) describes.
#include <set>
#include <string>
#include <vector>

#include "harness/fixtures/case.h"

namespace {

using Names = std::vector<std::string>;
using Set = std::set<std::string>;

}  // namespace

// For root, execve makes bounding and inheritable capabilities permitted and effective again.
TRIAL(Capabilities, AreThoseOfTheConfigurationForRoot,
      Clauses{"runtime/capabilities/bounding", "runtime/capabilities/effective",
              "runtime/capabilities/permitted", "runtime/capabilities/inheritable",
              "runtime/capabilities/ambient"}) {
  auto box = target().run(Bundle::minimal()
                              .capabilities({"CAP_CHOWN", "CAP_KILL", "CAP_SYSLOG"})
                              .capabilities("inheritable", {"CAP_KILL"})
                              .probe({"status"}));
  const ProcessStatus status = box.report().status();
  const Set all{"CAP_CHOWN", "CAP_KILL", "CAP_SYSLOG"};
  EXPECT_EQ(status.bounding, all);
  EXPECT_EQ(status.permitted, all);
  EXPECT_EQ(status.effective, all);
  EXPECT_EQ(status.inheritable, Set{"CAP_KILL"});
  EXPECT_EQ(status.ambient, Set{});
}

TRIAL(Capabilities, AreNoneForRootWhereTheSetsAreEmpty,
      Clauses{"runtime/capabilities/bounding", "runtime/capabilities/effective",
              "runtime/capabilities/permitted"},
      Needs{Feature::kOtherIds}) {
  const Bundle chowning = Bundle::minimal()
                              .with_file("/data/file", "")
                              .probe({"status"})
                              .probe({"chown", "/data/file", "1000", "1000"});
  auto without = target().run(chowning);
  EXPECT_EQ(without.report().status().permitted, Set{});
  EXPECT_EQ(without.report().status().bounding, Set{});
  EXPECT_THAT(without.report(), Failed("chown", "/data/file", "EPERM"));

  auto with = target().run(Bundle(chowning).capabilities({"CAP_CHOWN"}));  // control
  EXPECT_EQ(with.report().status().effective, Set{"CAP_CHOWN"});
  EXPECT_THAT(with.report(), Did("chown", "/data/file"));
}

// Only ambient capabilities live through the execve of somebody who is not root.
TRIAL(Capabilities, OfAnOrdinaryUserAreTheAmbientOnes,
      Clauses{"runtime/capabilities/ambient", "runtime/capabilities/effective",
              "runtime/capabilities/permitted", "runtime/capabilities/inheritable",
              "runtime/capabilities/bounding"}) {
  const Names names{"CAP_KILL", "CAP_NET_RAW", "CAP_CHOWN"};
  auto box = target().run(Bundle::minimal()
                              .user(1000, 1000)
                              .capabilities(names)
                              .capabilities("inheritable", {"CAP_KILL", "CAP_CHOWN"})
                              .capabilities("ambient", {"CAP_CHOWN"})
                              .with_file("/data/file", "")
                              .probe({"status"})
                              .probe({"chown", "/data/file", "1000", "1000"}));
  const ProcessStatus status = box.report().status();
  EXPECT_EQ(status.ambient, Set{"CAP_CHOWN"});
  EXPECT_EQ(status.effective, Set{"CAP_CHOWN"});
  EXPECT_EQ(status.permitted, Set{"CAP_CHOWN"});
  EXPECT_EQ(status.inheritable, (Set{"CAP_KILL", "CAP_CHOWN"}));
  EXPECT_EQ(status.bounding, Set(names.begin(), names.end()));
  EXPECT_THAT(box.report(), Did("chown", "/data/file"));
}

TRIAL(Capabilities, OfAnOrdinaryUserAreNoneWithoutAmbientOnes,
      Clauses{"runtime/capabilities/ambient", "runtime/capabilities/bounding"}) {
  auto box = target().run(
      Bundle::minimal().user(1000, 1000).capabilities({"CAP_CHOWN"}).probe({"status"}));
  const ProcessStatus status = box.report().status();
  EXPECT_EQ(status.ambient, Set{});
  EXPECT_EQ(status.effective, Set{});
  EXPECT_EQ(status.permitted, Set{});
  EXPECT_EQ(status.bounding, Set{"CAP_CHOWN"});
}

namespace {

Bundle with_capability(const char* name) {
  return Bundle::minimal().capabilities({"CAP_KILL", name}).probe({"status"});
}

}  // namespace

TRIAL(UnknownCapability, IsAnError, Clauses{"runtime/capabilities/unknown-error"},
      Needs{Feature::kSpecBefore11}) {
  EXPECT_THAT(target().try_run(with_capability("CAP_CHOWN")), Succeeded());  // control
  EXPECT_THAT(target().try_run(with_capability("CAP_TO_SAIL")), Refused());
}

// A configuration written for a newer kernel still runs; the log tells what it lacks.
TRIAL(UnknownCapability, IsAWarning,
      Clauses{"runtime/capabilities/unknown-warning", "runtime/errors/warning-continues"},
      Needs{Feature::kSpec11}) {
  auto box = target().try_create(with_capability("CAP_TO_SAIL"));
  ASSERT_THAT(box, Succeeded());
  EXPECT_THAT(box.outcome().error_text, HasSubstr("CAP_TO_SAIL"));
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_EQ(box.report().status().bounding, Set{"CAP_KILL"});
}

// The kernel lets only what is inheritable be ambient.
TRIAL(UngrantableCapability, IsAWarning,
      Clauses{"runtime/capabilities/ungrantable-warning",
              "runtime/capabilities/ungrantable-no-failure"},
      Needs{Feature::kSpec11}) {
  const Bundle asking =
      Bundle::minimal().capabilities({"CAP_KILL"}).capabilities("ambient", {"CAP_KILL"});
  auto granted = target().try_create(Bundle(asking).capabilities("inheritable", {"CAP_KILL"}));
  ASSERT_THAT(granted, Succeeded());
  EXPECT_THAT(granted.outcome().error_text, Not(HasSubstr("CAP_KILL")));  // control

  auto box = target().try_create(Bundle(asking).probe({"status"}));
  ASSERT_THAT(box, Succeeded());
  EXPECT_THAT(box.outcome().error_text, HasSubstr("CAP_KILL"));
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_EQ(box.report().status().ambient, Set{});
}

namespace {

// /bin/suid belongs to root and has the set-user-ID bit; the program that starts it is user 100.
Bundle setuid_trial() {
  return Bundle::minimal()
      .with_probe_at("/bin/suid", 04755)
      .user(100, 100)
      .probe({"status"})
      .probe({"setuid", "/bin/suid"});
}

}  // namespace

TRIAL(NoNewPrivileges, KeepSetUserIdProgramsFromTakingEffect,
      Clauses{"runtime/process/no-new-privileges"}) {
  auto box = target().run(setuid_trial().no_new_privileges());
  EXPECT_TRUE(box.report().status().no_new_privileges);
  EXPECT_THAT(box.report().answer("setuid", "/bin/suid"), HasField("euid", 100));

  auto control = target().run(setuid_trial().no_new_privileges(false));
  EXPECT_THAT(control.report().answer("setuid", "/bin/suid"), HasField("euid", 0));
}

TRIAL(NoNewPrivileges, AreOffByDefault, Clauses{"runtime/process/no-new-privileges-off"}) {
  auto box = target().run(setuid_trial());
  EXPECT_FALSE(box.report().status().no_new_privileges);
  EXPECT_THAT(box.report().answer("setuid", "/bin/suid"), HasField("euid", 0));
}
