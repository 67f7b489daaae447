// What a program finds open, and what it can open of those that join it.
#include "engine/base/error.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

// The caller's descriptors have these numbers, and none above is open.
constexpr int kFirst = 3;
constexpr int kLast = 50;

std::vector<std::int64_t> numbers(const Report& report) {
  std::vector<std::int64_t> found;
  // The probe's own look at the directory is one of them.
  for (const auto& [fd, target] : report.fds()) {
    if (target.find("/fd") == std::string::npos || !target.starts_with("/proc/")) {
      found.push_back(fd);
    }
  }
  return found;
}

}  // namespace

// The caller holds a directory, files and a socket that are not closed on exec.
TRIAL(Descriptors, AreTheThreeStandardOnes, Clauses{"security/descriptors/only-three"}) {
  const std::string id = hold();
  EXPECT_THAT(numbers(report(probe({{"fds"}}))), ElementsAre(0, 1, 2));
  EXPECT_THAT(numbers(exec(id, {{"fds"}})), ElementsAre(0, 1, 2));
}

// CVE-2024-21626: a working directory below /proc/self/fd was the host's.
TRIAL(WorkingDirectory, ThroughAnEnginesDescriptorIsNotTheHosts,
      Clauses{"security/descriptors/no-host-directory"}, Deadline{60s}) {
  const std::string id = hold();
  const Report usual = exec(id, {{"cwd"}}, {.cwd = "/data"});
  EXPECT_EQ(usual.cwd(), "/data");  // control
  for (int fd = kFirst; fd <= 12; ++fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    try {
      const DockerExecEnd end =
          engine().exec(id, {.args = {"/probe", "cwd", ",", "stat", "."}, .cwd = path});
      if (end.code != 0) continue;
      EXPECT_THAT(Report(end.output.out).cwd(), StartsWith("/proc/")) << path;
    } catch (const Error&) {
      continue;  // refused, which is as well
    }
  }
}

// Looked at from inside all the while, and held by nothing but what every container has.
TRIAL(Joiners, AreNotOpenToThoseInside,
      Clauses{"security/descriptors/no-host-directory", "security/processes/dumpable"},
      Deadline{60s}) {
  const std::string id = run(probe({{"watch_joiners", "/data/enough"}}));
  await_output(id, "watching");
  exec(id, {{"burn", "50", "1"}});  // one that stays long enough to be looked at: the control
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(exec(id, {{"pid"}}).complete());
    EXPECT_TRUE(exec(id, {{"pid"}}, {.user = "100"}).complete());
  }
  exec(id, {{"create", "/data/enough"}});
  wait(id);
  const Report seen = Report(engine().logs(id, {}).out);
  const Answer watch = seen.answer("watch_joiners");
  EXPECT_GE(watch.number("joiners"), 2);  // control: it saw them come, ...
  EXPECT_GE(watch.number("own"), 1);      // ... and could open what is its own too
  EXPECT_THAT(watch.texts("foreign"), IsEmpty());
}

// The working directory of exec itself is not tried in vain: the caller's directory is open.
TRIAL(Descriptors, OfTheCallerLeadNowhereFromInside,
      Clauses{"security/descriptors/no-host-directory"}) {
  Command reads{"open_read"};
  for (int fd = kFirst; fd <= kLast; ++fd) {
    for (const char* process : {"self", "1"}) {
      reads.push_back("/proc/" + std::string(process) + "/fd/" + std::to_string(fd) + "/etc");
    }
  }
  reads.emplace_back("/proc/self/root/etc");
  const Report seen = report(probe({reads}));
  EXPECT_THAT(seen, Did("open_read", "/proc/self/root/etc"));  // control
  for (std::size_t i = 1; i + 1 < reads.size(); ++i) {
    EXPECT_THAT(seen, Failed("open_read", reads[i].c_str(), AnyOf("ENOENT", "ENOTDIR")));
  }
}

TRIAL(Terminals, AreThereForThoseWhoAskOnly, Clauses{"security/descriptors/no-controlling-tty"}) {
  const std::string id = hold();
  for (const Report& seen : {report(probe({{"tty"}})), exec(id, {{"tty"}})}) {
    EXPECT_EQ(seen.answer("tty").number("terminal_device"), 0);
    EXPECT_FALSE(seen.answer("tty").flag("controlling"));
  }
  ContainerDraft asked = probe({{"tty"}});
  asked.tty = true;
  EXPECT_TRUE(report(asked).answer("tty").flag("controlling"));  // control
}

}  // namespace isolation
