// Every system call of a long list against what the engine's makers publish of their profile.
//
// The arguments are such that no call can do anything (harness/probe/sweep.cc), so that who gets to
// the kernel learns what is wrong with them. The control is the same list in a container without a
// filter: what the kernel says there tells a refusal from an answer, and shows which calls this
// kernel lacks.
#include <fmt/format.h>

#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

std::vector<std::string> capabilities_of(const Profile& profile) {
  std::set<std::string> names;
  for (const auto& [label, guarded] : profile.guarded) names.insert(guarded.capability);
  return {names.begin(), names.end()};
}

std::vector<SweepCall> those(const std::vector<SweepCall>& calls,
                             const std::function<bool(const std::string&)>& wanted) {
  std::vector<SweepCall> found;
  for (const SweepCall& call : calls) {
    if (wanted(call.label)) found.push_back(call);
  }
  if (found.empty()) throw Lack("the sweep's data knows no numbers of this machine's system calls");
  return found;
}

bool kernel_lacks(const std::string& outcome) {
  return outcome == "ENOSYS" || outcome == "EAFNOSUPPORT";
}

// How many of the calls the kernel has, so that a sweep of nothing is seen.
constexpr int kOrdinary = 250;
constexpr int kRefused = 8;
constexpr int kGuarded = 8;

}  // namespace

// With the filter the kernel answers what it answers without. Where that is EPERM, which a filter
// would say, too, both are asked once more with the capabilities that the kernel wants.
TRIAL(Sweep, OrdinaryCallsReachTheKernel, Clauses{"security/seccomp/ordinary-programs"},
      Deadline{30s}) {
  const Profile known = profile();
  const auto calls = those(
      sweep_calls(), [&](const std::string& label) { return known.refusal_of(label).empty(); });
  auto kernels = sweep(unconfined(), calls);
  auto seen = sweep({}, calls);
  const std::vector<std::string> wanted{"SYS_ADMIN", "SYS_BOOT", "SYSLOG"};
  std::vector<SweepCall> again;
  for (const SweepCall& call : calls) {
    if (kernels.at(call.label) == "EPERM") again.push_back(call);
  }
  if (!again.empty()) {
    for (const auto& [label, answer] : sweep(unconfined(wanted), again)) kernels[label] = answer;
    for (const auto& [label, answer] : sweep({.cap_add = wanted}, again)) seen[label] = answer;
  }
  int judged = 0;
  for (const SweepCall& call : calls) {
    const std::string& expected = kernels.at(call.label);
    if (kernel_lacks(expected)) continue;
    EXPECT_NE(expected, "EPERM") << call.label << ": the control itself is refused";
    EXPECT_EQ(seen.at(call.label), expected) << call.label;
    ++judged;
  }
  EXPECT_GT(judged, kOrdinary);
}

// Whatever a container is given. The errno is part of what is published.
TRIAL(Sweep, RefusedCallsDoNot, Clauses{"security/seccomp/filter-on", "security/io-uring-and-kin"},
      Deadline{30s}) {
  const Profile known = profile();
  const auto calls =
      those(sweep_calls(), [&](const std::string& label) { return known.refused.contains(label); });
  const auto kernels = sweep(unconfined({"SYS_ADMIN", "SYS_BOOT", "SYS_PTRACE"}), calls);
  const auto seen = sweep({}, calls);
  const auto with_capabilities = sweep({.cap_add = {"SYS_ADMIN", "SYS_BOOT", "SYS_PTRACE"}}, calls);
  int judged = 0;
  for (const SweepCall& call : calls) {
    const std::string& refusal = known.refused.at(call.label);
    if (kernel_lacks(kernels.at(call.label))) continue;
    EXPECT_NE(kernels.at(call.label), refusal) << call.label << ": the control is refused, too";
    EXPECT_EQ(seen.at(call.label), refusal) << call.label;
    EXPECT_EQ(with_capabilities.at(call.label), refusal) << call.label << " with capabilities";
    ++judged;
  }
  EXPECT_GT(judged, kRefused);
}

// The same filter lets them through where the capability is given that makes them useful.
TRIAL(Sweep, CallsBehindACapabilityNeedIt,
      Clauses{"security/seccomp/filter-on", "security/seccomp/mount-api",
              "security/io-uring-and-kin"},
      Deadline{30s}) {
  const Profile known = profile();
  const auto calls =
      those(sweep_calls(), [&](const std::string& label) { return known.guarded.contains(label); });
  const auto opened = sweep({.cap_add = capabilities_of(known)}, calls);
  const auto seen = sweep({}, calls);
  int judged = 0;
  for (const SweepCall& call : calls) {
    const Profile::Guarded& guarded = known.guarded.at(call.label);
    if (kernel_lacks(opened.at(call.label)) && guarded.refusal != "ENOSYS") continue;
    EXPECT_NE(opened.at(call.label), guarded.refusal) << call.label << " with the capabilities";
    EXPECT_EQ(seen.at(call.label), guarded.refusal) << call.label;
    ++judged;
  }
  EXPECT_GT(judged, kGuarded);
}

// The 32-bit entry has numbers of its own: a filter that knows only the 64-bit ones lets them by.
TRIAL(Sweep, TheThirtyTwoBitEntryIsFilteredLikewise,
      Clauses{"security/seccomp/foreign-architectures"}) {
  const Profile known = profile();
  const auto calls = those(sweep_calls_32(), [](const std::string&) { return true; });
  const auto kernels = sweep(unconfined(), calls, "sweep32");
  if (kernels.at("getpid") != "") throw Lack("this kernel has no 32-bit entry");
  const auto able = sweep(unconfined(capabilities_of(known)), calls, "sweep32");
  const auto seen = sweep({}, calls, "sweep32");
  for (const SweepCall& call : calls) {
    const std::string refusal = known.refusal_of(call.label);
    if (kernel_lacks(able.at(call.label))) continue;
    if (refusal.empty()) {
      EXPECT_EQ(seen.at(call.label), kernels.at(call.label)) << call.label;
    } else {
      EXPECT_EQ(seen.at(call.label), refusal) << call.label;
      EXPECT_NE(able.at(call.label), refusal) << call.label << " without a filter: the control";
    }
  }
}

}  // namespace isolation
