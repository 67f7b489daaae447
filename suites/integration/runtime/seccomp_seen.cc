// What of a filter no program inside can see: what it tells a tracer and the log, and its flags.
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>

#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "suites/integration/runtime/seccomp_witness.h"

namespace {

const std::string kCall = std::to_string(SYS_munlockall);

Bundle filtered(const std::string& rule, const std::string& flags = "[]") {
  return Bundle::minimal().set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW",
      "flags": )" + flags + R"(, "syscalls": [{"names": ["munlockall"], )" +
                                                          rule + "}]}");
}

struct Handed {
  std::string name;
  Clauses clauses;
  std::string rule;
  std::optional<std::uint64_t> number = {};
  Needs needs{Feature::kSeccomp};
};

const Handed kHanded[] = {
    {"IsHandedTheCall", {"runtime/seccomp/act-trace"}, R"("action": "SCMP_ACT_TRACE")"},
    {"IsToldTheErrno",
     {"runtime/seccomp/act-trace", "runtime/seccomp/errno-ret"},
     R"("action": "SCMP_ACT_TRACE", "errnoRet": 18)",
     18,
     {Feature::kSeccomp, Feature::kSpec11}},
};

}  // namespace

// With a tracer, who here lets the call run, it does not fail as it does without one.
TRIAL_TABLE(SeccompTracer, kHanded) {
  auto box = target().run(filtered(row().rule).probe({"hold"}).probe({"syscall", kCall}));
  ASSERT_TRUE(box.report().complete());
  Tracer tracer(box.pid(), Tracer::Until::kCall);
  ASSERT_THAT(box.kill("USR1"), Succeeded());
  const std::vector<std::uint64_t> seen = tracer.seen();
  EXPECT_THAT(seen, SizeIs(1));
  if (row().number) {
    EXPECT_THAT(seen, Each(*row().number));
  }
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().answer("syscall", kCall).error(), "");
}

namespace {

struct Logged {
  std::string name;
  Clauses clauses;
  const char* action;  // as the kernel has it in actions_logged
  Bundle silent;
  Bundle logged;
  Needs needs{Feature::kSeccomp};
};

const Logged kLogged[] = {
    {"HasTheCallsOfItsAction",
     {"runtime/seccomp/act-log"},
     "log",
     filtered(R"("action": "SCMP_ACT_ALLOW")"),
     filtered(R"("action": "SCMP_ACT_LOG")")},
    {"HasEveryActionWithItsFlag",
     {"runtime/seccomp/flags"},
     "errno",
     filtered(R"("action": "SCMP_ACT_ERRNO")"),
     filtered(R"("action": "SCMP_ACT_ERRNO")", R"(["SECCOMP_FILTER_FLAG_LOG"])")},
};

}  // namespace

// Records come in order: where that of the second is there, one of the first would be, too.
TRIAL_TABLE(SeccompLog, kLogged) {
  const std::string logged = seatrial::read_file("/proc/sys/kernel/seccomp/actions_logged");
  if (!(" " + logged).contains(" " + std::string(row().action))) {
    throw Lack(std::string("this kernel is told to log no ") + row().action);
  }
  AuditRecords records;
  const auto call = [this](Bundle bundle, const std::string& program) {
    auto box = target().run(
        bundle.with_probe_at("/" + program).probe({"run", "/" + program, "syscall", kCall}));
    EXPECT_THAT(box.wait(), Exited(0));
    return program;
  };
  const std::string silent = call(row().silent, "silent-" + std::to_string(::getpid()));
  const std::string loud = call(row().logged, "loud-" + std::to_string(::getpid()));
  EXPECT_TRUE(records.tell_of(loud));
  EXPECT_FALSE(records.told_of(silent));
}

namespace {

struct Flag {
  std::string name;
  Clauses clauses;
  Needs needs{Feature::kSeccomp};
};

const Flag kFlags[] = {
    {"TSYNC", {"runtime/seccomp/flags"}},
    {"LOG", {"runtime/seccomp/flags"}},
    {"SPEC_ALLOW", {"runtime/seccomp/flags"}},
};

}  // namespace

// With no_new_privileges a filter is installed last, so by start: without, some do it in create.
TRIAL_TABLE(SeccompFlag, kFlags) {
  const std::string flag = "SECCOMP_FILTER_FLAG_" + row().name;
  auto box = target().create(
      filtered(R"("action": "SCMP_ACT_ERRNO")", "[\"" + flag + "\"]").no_new_privileges());
  Tracer tracer(box.pid(), Tracer::Until::kProgram);
  ASSERT_THAT(box.start(), Succeeded());
  const std::vector<std::uint64_t> filters = tracer.seen();
  ASSERT_THAT(filters, SizeIs(1));
  EXPECT_EQ(filters[0] & filter_flag(flag), filter_flag(flag));
  EXPECT_THAT(box.wait(), Exited(0));
}
