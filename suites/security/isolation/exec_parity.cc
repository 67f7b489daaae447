// A program that joins a container is held by all that holds the container.
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

std::map<std::string, std::string> groups_of(const Report& report) {
  std::map<std::string, std::string> groups;
  for (const Answer& entry : report.answer("cgroup").items("entries")) {
    groups[entry.text("controllers")] = entry.text("path");
  }
  return groups;
}

// What the container's own program saw before it held, and what one that joined it sees.
struct Both {
  Report own;
  Report joined;
};

class ParityTrial : public Trial {
 protected:
  Both look(const ContainerDraft& draft, const std::vector<Command>& commands) {
    std::vector<Command> and_hold = commands;
    and_hold.push_back({"hold"});
    const std::string id = run(probe(draft, and_hold));
    await_output(id, "\"hold\"");
    return {.own = Report(engine().logs(id, {}).out), .joined = exec(id, commands)};
  }
};

}  // namespace

namespace parity {
using Trial = ParityTrial;

TRIAL(ExecParity, OfNamespacesAndCgroups, Clauses{"security/processes/exec-parity"}) {
  const Both seen = look({}, {{"namespaces"}, {"cgroup"}});
  EXPECT_EQ(seen.joined.namespaces(), seen.own.namespaces());
  EXPECT_THAT(groups_of(seen.own), Not(IsEmpty()));
  EXPECT_EQ(groups_of(seen.joined), groups_of(seen.own));
}

TRIAL(ExecParity, OfFilterAndCapabilities, Clauses{"security/processes/exec-parity"}) {
  const Both seen = look({.cap_add = {"NET_ADMIN"}, .cap_drop = {"CHOWN"}}, {{"status"}});
  const ProcessStatus own = seen.own.status(), joined = seen.joined.status();
  EXPECT_THAT(own.bounding, Contains("CAP_NET_ADMIN"));  // control: neither set is the default
  EXPECT_THAT(own.bounding, Not(Contains("CAP_CHOWN")));
  EXPECT_EQ(joined.effective, own.effective);
  EXPECT_EQ(joined.permitted, own.permitted);
  EXPECT_EQ(joined.bounding, own.bounding);
  EXPECT_EQ(joined.seccomp, own.seccomp);
  EXPECT_EQ(joined.umask, own.umask);
}

TRIAL(ExecParity, OfNoNewPrivileges, Clauses{"security/processes/exec-parity"}) {
  const Both seen = look({.security_opt = {"no-new-privileges"}}, {{"status"}});
  EXPECT_TRUE(seen.own.status().no_new_privileges);
  EXPECT_TRUE(seen.joined.status().no_new_privileges);
}

// Not only that there is a filter, but that it is the same one.
TRIAL(ExecParity, OfWhatTheFilterRefuses, Clauses{"security/processes/exec-parity"}) {
  Command sweep{"sweep"};
  for (const SweepCall& call : calls_named({"io_uring_setup", "keyctl", "unshare", "mount",
                                            "clone3", "bpf", "getpid", "socket/vsock"})) {
    sweep.push_back(call.operand);
  }
  const Both seen = look({}, {sweep});
  std::set<std::string> errors;
  for (const Answer& own : seen.own.answers()) {
    if (!own.has("operand")) continue;
    const std::string label = own.text("operand");
    EXPECT_EQ(seen.joined.answer("sweep", label).error(), own.error()) << label;
    errors.insert(own.error());
  }
  EXPECT_THAT(errors, SizeIs(Gt(1)));  // control: it lets through and refuses
}

TRIAL(ExecParity, OfResourceLimits, Clauses{"security/processes/exec-parity-limits"}) {
  const ContainerDraft draft{.ulimits = {{.name = "nofile", .soft = 256, .hard = 256},
                                         {.name = "core", .soft = 0, .hard = 4096},
                                         {.name = "nproc", .soft = 300, .hard = 300}}};
  const Both seen = look(draft, {{"rlimits"}});
  const auto own = seen.own.rlimits(), joined = seen.joined.rlimits();
  EXPECT_EQ(own.at("RLIMIT_NOFILE").soft, 256U);  // control: the container has them
  for (const char* name : {"RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_NPROC"}) {
    EXPECT_EQ(joined.at(name).soft, own.at(name).soft) << name;
    EXPECT_EQ(joined.at(name).hard, own.at(name).hard) << name;
  }
}

TRIAL(ExecParity, OfTheScoreForTheKernelsChoice, Clauses{"security/processes/exec-parity-limits"}) {
  const Both seen = look({.oom_score_adj = 500}, {{"oom_score_adj"}});
  EXPECT_EQ(seen.own.answer("oom_score_adj").number("value"), 500);  // control
  EXPECT_EQ(seen.joined.answer("oom_score_adj").number("value"), 500);
}

}  // namespace parity
}  // namespace isolation
