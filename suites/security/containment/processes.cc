// Forking without end, and processors without rest.
#include "engine/base/files.h"
#include "suites/security/containment/containment_case.h"

namespace containment {

// The host and a sibling fork on while the container cannot.
TRIAL(ForkBomb, EndsAtTheLimitAndHarmsNobody, Clauses{"security/containment/fork-bomb"},
      Needs{Feature::kPidsCgroup}, Deadline{30s}) {
  const std::string sibling = hold();
  EXPECT_THAT(report(probe({{"fork", "60"}})).answer("fork"), HasField("started", 60));  // control
  const std::string id = run(probe({.pids_limit = 32}, {{"fork", "200"}, {"hold"}}));
  await_output(id, "\"hold\"");
  const Answer bomb = Report(engine().logs(id, {}).out).answer("fork");
  EXPECT_EQ(bomb.error(), "EAGAIN");
  EXPECT_THAT(bomb, HasField("started", AllOf(Gt(20), Lt(32))));
  EXPECT_EQ(account(id, "pids", "pids.max"), "32");
  EXPECT_GT(counted(id, "pids", "pids.events", "max"), 0);
  expect_well(sibling);
}

// What joins a container counts there: a limit that exec gets around is none.
TRIAL(ForkBomb, ThroughExecEndsAtTheSameLimit, Clauses{"security/containment/fork-bomb"},
      Needs{Feature::kPidsCgroup}, Deadline{30s}) {
  const std::string id = hold({.pids_limit = 32}), free = hold();
  EXPECT_THAT(exec(free, {{"fork", "60"}}).answer("fork"), HasField("started", 60));  // control
  const Answer bomb = exec(id, {{"fork", "200"}}).answer("fork");
  EXPECT_EQ(bomb.error(), "EAGAIN");
  EXPECT_THAT(bomb, HasField("started", Lt(32)));
}

// One container that was given no limit must not take the host's last process number.
TRIAL(ProcessNumbers, OfTheHostCannotBeUsedUp, Clauses{"security/containment/pid-exhaustion"},
      Needs{Feature::kPidsCgroup}) {
  const std::string id = hold();
  const std::string limit = account(id, "pids", "pids.max");
  const long numbers = std::stol(seatrial::read_file("/proc/sys/kernel/pid_max"));
  ASSERT_NE(limit, "");
  ASSERT_NE(limit, "max");
  EXPECT_LT(std::stol(limit), numbers);
}

// Two that never rest get together what was allowed, and are held back for it. On a busy machine
// they may get less, never more.
TRIAL(Processors, AreUsedWithinTheQuota, Clauses{"security/containment/cpu"},
      Needs{Feature::kCpuCgroup}, Deadline{30s}) {
  constexpr double kShare = 0.25;
  const std::string id = run(probe({.nano_cpus = 250'000'000}, {{"burn", "1500", "2"}, {"hold"}}));
  await_output(id, "\"hold\"");
  const Answer burnt = Report(engine().logs(id, {}).out).answer("burn");
  const auto used = static_cast<double>(burnt.number("cpu_ns"));
  EXPECT_GT(used, 0);
  // A period's quota may be carried into the time, and one out of it.
  EXPECT_LT(used / static_cast<double>(burnt.number("wall_ns")), kShare + 0.15);
  EXPECT_GT(counted(id, "cpu", "cpu.stat", "nr_throttled"), 0);
  const std::string free = run(probe({{"burn", "200", "2"}, {"hold"}}));
  await_output(free, "\"hold\"");
  EXPECT_LE(counted(free, "cpu", "cpu.stat", "nr_throttled"), 0);  // control
}

}  // namespace containment
