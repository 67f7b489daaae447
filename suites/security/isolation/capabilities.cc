// What root inside may do of what root may.
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

using Names = std::set<std::string>;

}  // namespace

// The documented set, no more and no less, in each of the three sets that bound a program.
TRIAL(Capabilities, OfADefaultContainerAreTheDocumentedOnes,
      Clauses{"security/capabilities/default-set"}) {
  const ProcessStatus seen = report(probe({{"status"}})).status();
  const Names documented = profile().capabilities;
  EXPECT_EQ(seen.effective, documented);
  EXPECT_EQ(seen.permitted, documented);
  EXPECT_EQ(seen.bounding, documented);
}

// What is inheritable would come back in every program that a user other than root starts.
TRIAL(Capabilities, AreNotInheritableOrAmbientInRunAndExec,
      Clauses{"security/capabilities/no-inheritable", "security/capabilities/no-ambient"}) {
  const std::string id = hold({.cap_add = {"NET_ADMIN"}});
  const ProcessStatus joined = exec(id, {{"status"}}).status();
  EXPECT_THAT(joined.bounding, Contains("CAP_NET_ADMIN"));  // control: the sets are read
  const ProcessStatus run = report(probe({.cap_add = {"NET_ADMIN"}}, {{"status"}})).status();
  const ProcessStatus user = exec(id, {{"status"}}, {.user = "100"}).status();
  for (const ProcessStatus& seen : {run, joined, user}) {
    EXPECT_THAT(seen.inheritable, IsEmpty());
    EXPECT_THAT(seen.ambient, IsEmpty());
  }
}

TRIAL(Capabilities, AUserOtherThanRootHasNone, Clauses{"security/capabilities/user-has-none"}) {
  const std::string id = hold();
  EXPECT_THAT(exec(id, {{"status"}}).status().effective, Not(IsEmpty()));  // control: root has
  const ProcessStatus run = report(probe({.user = "100:100"}, {{"status"}})).status();
  const ProcessStatus exec_user = exec(id, {{"status"}}, {.user = "100:100"}).status();
  for (const ProcessStatus& seen : {run, exec_user}) {
    EXPECT_EQ(seen.effective_uid, 100);
    EXPECT_THAT(seen.effective, IsEmpty());
    EXPECT_THAT(seen.permitted, IsEmpty());
  }
}

TRIAL(Capabilities, DroppedAllLeaveNone, Clauses{"security/capabilities/drop-all"}) {
  const std::string id = hold({.cap_drop = {"ALL"}});
  const ProcessStatus run = report(probe({.cap_drop = {"ALL"}}, {{"status"}})).status();
  for (const ProcessStatus& seen : {run, exec(id, {{"status"}}).status()}) {
    EXPECT_EQ(seen.effective_uid, 0);
    EXPECT_THAT(seen.effective, IsEmpty());
    EXPECT_THAT(seen.permitted, IsEmpty());
    EXPECT_THAT(seen.bounding, IsEmpty());
  }
}

// To nothing, and to the default: neither may bring another along.
TRIAL(Capabilities, OneThatIsAddedComesAlone, Clauses{"security/capabilities/add-one"}) {
  const ProcessStatus alone =
      report(probe({.cap_add = {"NET_ADMIN"}, .cap_drop = {"ALL"}}, {{"status"}})).status();
  EXPECT_EQ(alone.effective, Names{"CAP_NET_ADMIN"});
  EXPECT_EQ(alone.bounding, Names{"CAP_NET_ADMIN"});
  Names more = profile().capabilities;
  more.insert("CAP_NET_ADMIN");
  EXPECT_EQ(report(probe({.cap_add = {"NET_ADMIN"}}, {{"status"}})).status().effective, more);
}

// A set-user-id program gives a user root's number, and no capability that was dropped.
TRIAL(Capabilities, DroppedOnesDoNotComeBackThroughSetUserId,
      Clauses{"security/capabilities/not-regained"}) {
  const auto through_set_user_id = [&](const ContainerDraft& draft) {
    const std::string id = hold(draft);
    EXPECT_THAT(exec(id, {{"chmod", "/probe", "4755"}}), Did("chmod", "/probe"));
    return exec(id, {{"run", "/probe", "status"}}, {.user = "100:100"}).status();
  };
  const ProcessStatus usual = through_set_user_id({});
  EXPECT_EQ(usual.effective_uid, 0);                           // control: it is set-user-id, ...
  EXPECT_THAT(usual.effective, Contains("CAP_DAC_OVERRIDE"));  // ... and gives what there is
  const ProcessStatus dropped = through_set_user_id({.cap_drop = {"DAC_OVERRIDE"}});
  EXPECT_EQ(dropped.effective_uid, 0);
  EXPECT_THAT(dropped.effective, Not(Contains("CAP_DAC_OVERRIDE")));
  EXPECT_THAT(dropped.permitted, Not(Contains("CAP_DAC_OVERRIDE")));
}

}  // namespace isolation
