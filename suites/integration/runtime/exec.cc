// Processes that are executed in a container that runs already. The specification has no operation
// for it; what a process object says holds for them all the same.
#include <set>
#include <string>

#include "harness/fixtures/case.h"

namespace {

Bundle holding() {
  return Bundle::minimal().probe({"namespaces"}).probe({"hold"});
}

}  // namespace

TRIAL(ExecutedProcess, IsInTheNamespacesOfTheContainer,
      Clauses{"runtime/namespaces/pid", "runtime/namespaces/mount", "runtime/namespaces/network",
              "runtime/namespaces/ipc", "runtime/namespaces/uts"},
      Needs{Feature::kExec, Feature::kNetworkNamespace}) {
  auto box = target().run(holding().with_namespace("network").hostname("flagship"));
  const auto first = box.report().namespaces();
  const auto executed = box.exec_all({{"namespaces"}, {"hostname"}, {"list", "/proc"}});
  ASSERT_THAT(executed, Succeeded());
  EXPECT_EQ(executed.report().namespaces(), first);
  EXPECT_NE(first.at("net"), harness_namespace("net"));  // control
  EXPECT_THAT(executed.report().answer("hostname"), HasText("hostname", "flagship"));
  EXPECT_THAT(executed.report().list("/proc"), Contains("1"));
}

TRIAL(ExecutedProcess, IsInTheUserNamespaceOfTheContainer, Clauses{"runtime/namespaces/user"},
      Needs{Feature::kExec, Feature::kUserNamespace}) {
  auto box = target().run(holding()
                              .with_namespace("user")
                              .uid_mapping({.container_id = 0, .host_id = 100000, .size = 2000})
                              .gid_mapping({.container_id = 0, .host_id = 100000, .size = 2000}));
  const auto first = box.report().namespaces();
  const auto executed = box.exec_all({{"namespaces"}, {"status"}}, {.uid = 1000, .gid = 1001});
  ASSERT_THAT(executed, Succeeded());
  EXPECT_EQ(executed.report().namespaces(), first);
  EXPECT_NE(first.at("user"), harness_namespace("user"));  // control
  EXPECT_EQ(executed.report().status().uid, 1000);
  EXPECT_EQ(executed.report().status().gid, 1001);
}

// One task holds, one is executed: 38 of 40 are left.
TRIAL(ExecutedProcess, IsHeldToTheLimitsOfTheContainer, Clauses{"runtime/resources/pids-limit"},
      Needs{Feature::kExec, Feature::kPidsCgroup}) {
  auto box = target().run(holding().set("/linux/resources/pids/limit", 40));
  ASSERT_TRUE(box.report().complete());
  const auto executed = box.exec({"fork", "60"});
  EXPECT_EQ(executed.report().answer("fork").error(), "EAGAIN");
  EXPECT_THAT(executed.outcome().output, ContainsRegex("\"started\":3[0-8]"));
}

TRIAL(ExecutedProcess, TakesUserEnvironmentAndDirectoryFromTheCall,
      Clauses{"runtime/process/env", "runtime/process/cwd", "runtime/user/uid", "runtime/user/gid"},
      Needs{Feature::kExec, Feature::kOtherIds}) {
  auto box = target().run(holding().env("BERTH=7").with_dir("/work"));
  ASSERT_TRUE(box.report().complete());
  const auto executed =
      box.exec_all({{"env"}, {"cwd"}, {"status"}},
                   {.env = {"CARGO=tea"}, .cwd = "/work", .uid = 1000, .gid = 1001});
  ASSERT_THAT(executed, Succeeded());
  EXPECT_THAT(executed.report().env(), Contains("CARGO=tea"));
  EXPECT_EQ(executed.report().cwd(), "/work");
  EXPECT_EQ(executed.report().status().uid, 1000);
  EXPECT_EQ(executed.report().status().effective_gid, 1001);
}

// A whole process object replaces everything: nothing of the container's process is left.
TRIAL(ExecutedProcess, FollowsAProcessObject,
      Clauses{"runtime/process/env", "runtime/process/cwd", "runtime/user/uid",
              "runtime/user/additional-gids", "runtime/capabilities/bounding",
              "runtime/capabilities/ambient", "runtime/process/no-new-privileges"},
      Needs{Feature::kExec, Feature::kOtherIds}) {
  auto box = target().run(
      holding().env("BERTH=7").with_dir("/work").capabilities({"CAP_CHOWN", "CAP_KILL"}));
  ASSERT_TRUE(box.report().complete());
  const std::string process = R"({
      "user": {"uid": 1000, "gid": 1001, "additionalGids": [7]},
      "env": ["PATH=/", "HOME=/", "CARGO=tea"],
      "cwd": "/work",
      "args": ["/probe"],
      "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
                       "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"],
                       "ambient": ["CAP_KILL"]},
      "noNewPrivileges": true})";
  const auto executed = box.exec_process(process, {"env", ",", "cwd", ",", "status"});
  ASSERT_THAT(executed, Succeeded());
  const Report report = executed.report();
  EXPECT_THAT(report.env(), UnorderedElementsAre("PATH=/", "HOME=/", "CARGO=tea"));
  EXPECT_EQ(report.cwd(), "/work");
  const ProcessStatus status = report.status();
  EXPECT_EQ(status.uid, 1000);
  EXPECT_THAT(status.groups, ElementsAre(7));
  EXPECT_EQ(status.bounding, std::set<std::string>{"CAP_KILL"});
  EXPECT_EQ(status.ambient, std::set<std::string>{"CAP_KILL"});
  EXPECT_EQ(status.effective, std::set<std::string>{"CAP_KILL"});
  EXPECT_TRUE(status.no_new_privileges);
}

TRIAL(ExecutedProcess, HasTheRlimitsOfItsProcessObject,
      Clauses{"runtime/rlimits/soft", "runtime/rlimits/hard"}, Needs{Feature::kExec}) {
  auto box = target().run(holding());
  ASSERT_TRUE(box.report().complete());
  const auto executed = box.exec_process(R"({
      "user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["/probe"], "env": ["PATH=/"],
      "rlimits": [{"type": "RLIMIT_FSIZE", "soft": 1048576, "hard": 2097152},
                  {"type": "RLIMIT_CORE", "soft": 0, "hard": 4096}]})",
                                         {"rlimits"});
  ASSERT_THAT(executed, Succeeded());
  const auto seen = executed.report().rlimits();
  EXPECT_EQ(seen.at("RLIMIT_CORE").soft, 0U);
  EXPECT_EQ(seen.at("RLIMIT_CORE").hard, 4096U);
  EXPECT_EQ(seen.at("RLIMIT_FSIZE").soft, 1048576U);
  EXPECT_EQ(seen.at("RLIMIT_FSIZE").hard, 2097152U);
}
