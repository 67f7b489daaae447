// The operations of runtime.md on containers in every state, the forbidden ones included.
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"

namespace {

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

}  // namespace

TRIAL(StateOperation, RefusesAnUnknownId, Clauses{"runtime/operations/state-unknown-id"}) {
  auto box = target().create(holding());
  EXPECT_THAT(target().state(box.id()), Succeeded());  // control
  EXPECT_THAT(target().state("no-such-container"), Refused());
}

TRIAL(CreateOperation, MakesAContainerThatStateReports,
      Clauses{"runtime/operations/create-creates", "runtime/operations/state-returns",
              "runtime/operations/supported"}) {
  auto box = target().try_create(holding());
  ASSERT_THAT(box, Succeeded());
  const State state = box.state();
  EXPECT_EQ(state.id, box.id());
  EXPECT_EQ(state.status, "created");
}

// The one that stands keeps its state and can still be started.
TRIAL(CreateOperation, RefusesAnIdThatIsTaken,
      Clauses{"runtime/operations/create-duplicate-id-error",
              "runtime/operations/create-duplicate-id-no-container", "runtime/state/id-unique"}) {
  auto first = target().create(holding().id("taken"));
  const State before = first.state();

  auto second = target().try_create(holding().id("taken"));
  EXPECT_THAT(second, Refused());

  EXPECT_EQ(first.state().pid, before.pid);
  EXPECT_EQ(first.state().bundle, before.bundle);
  EXPECT_THAT(first.start(), Succeeded());
  EXPECT_TRUE(first.report().complete());
}

// Only living containers have their ID to themselves.
TRIAL(CreateOperation, TakesAnIdAgainAfterDelete,
      Clauses{"runtime/state/id-unique", "runtime/lifecycle/destroyed"}) {
  for (int round = 0; round < 2; ++round) {
    auto box = target().run(Bundle::minimal().id("again").probe({"pid"}));
    EXPECT_THAT(box.wait(), Exited(0));
    EXPECT_THAT(box.remove(), Succeeded());
  }
}

namespace {

struct InvalidId {
  std::string name;
  Clauses clauses;
  std::string id;
};

const InvalidId kInvalidIds[] = {
    {"Parent",
     {"runtime/operations/create-invalid-id-error",
      "runtime/operations/create-invalid-id-no-container"},
     ".."},
    {"Traversal",
     {"runtime/operations/create-invalid-id-error",
      "runtime/operations/create-invalid-id-no-container"},
     "../escaped"},
    {"Slash",
     {"runtime/operations/create-invalid-id-error",
      "runtime/operations/create-invalid-id-no-container"},
     "a/b"},
};

}  // namespace

// An ID becomes the name of a directory: one that would leave the state root is never valid.
TRIAL_TABLE(InvalidContainerId, kInvalidIds) {
  EXPECT_THAT(target().try_create(holding().id("valid")), Succeeded());  // control
  auto box = target().try_create(holding().id(row().id));
  EXPECT_THAT(box, Refused());
  EXPECT_THAT(target().state(row().id), Refused());
}

TRIAL(CreateOperation, RefusesABundleWithoutConfiguration,
      Clauses{"runtime/operations/create-needs-bundle", "runtime/bundle/config-required",
              "runtime/bundle/config-at-root", "runtime/bundle/config-name"}) {
  EXPECT_THAT(target().try_create(holding()), Succeeded());  // control
  auto box = target().try_create(holding().without_config());
  EXPECT_THAT(box, Refused());
  EXPECT_THAT(box.state_outcome(), Refused());
}

// start runs what create read, whatever became of config.json in between.
TRIAL(CreateOperation, FreezesTheConfiguration, Clauses{"runtime/lifecycle/config-frozen"}) {
  auto box = target().create(Bundle::minimal().env("MOMENT=create").probe({"env"}));
  const auto config = box.bundle() / "config.json";
  std::string text = seatrial::read_file(config);
  text.replace(text.find("MOMENT=create"), 13, "MOMENT=start!");
  seatrial::write_file_atomically(config, text);

  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_THAT(box.report().env(), Contains("MOMENT=create"));
}

// The user's program leaves no trace before start.
TRIAL(CreateOperation, DoesNotRunTheProgram,
      Clauses{"runtime/operations/create-args-not-applied", "runtime/lifecycle/program-not-run"}) {
  auto box = target().create(Bundle::minimal().probe({"write_text", "/ran", "yes"}));
  EXPECT_FALSE(std::filesystem::exists(box.rootfs() / "ran"));
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_TRUE(std::filesystem::exists(box.rootfs() / "ran"));  // control
}

namespace {

std::string target_of(const std::filesystem::path& link) {
  std::error_code failure;
  std::string target = std::filesystem::read_symlink(link, failure);
  if (failure == std::errc::permission_denied) {
    throw Lack("this user may not look at " + link.native());
  }
  EXPECT_FALSE(failure) << link << ": " << failure.message();
  return target;
}

}  // namespace

// What config.json asks for, process apart, stands when create has returned.
TRIAL(CreateOperation, AppliesAllButTheProcess,
      Clauses{"runtime/operations/create-applies", "runtime/lifecycle/environment-created",
              "runtime/lifecycle/resources-created"}) {
  auto box = target().create(holding().with_namespace("network").hostname("sea"));
  const auto proc = std::filesystem::path("/proc") / std::to_string(box.pid());
  for (const char* kind : {"mnt", "net", "uts", "ipc"}) {
    EXPECT_NE(target_of(proc / "ns" / kind),
              target_of(std::filesystem::path("/proc/self/ns") / kind))
        << kind;
  }
  EXPECT_THAT(seatrial::read_file(proc / "mountinfo"), HasSubstr(" /dev/pts "));
  EXPECT_THAT(seatrial::read_file(proc / "mountinfo"), Not(HasSubstr(" /sys/fs/cgroup/unified ")));
}

TRIAL(StartOperation, RefusesARunningContainer,
      Clauses{"runtime/operations/start-not-created-error",
              "runtime/operations/start-not-created-no-effect"}) {
  auto box = target().run(holding());
  const pid_t pid = box.state().pid;
  EXPECT_THAT(target().start(box.id()), Refused());
  EXPECT_EQ(box.state().status, "running");
  EXPECT_EQ(box.state().pid, pid);
}

TRIAL(StartOperation, RefusesAStoppedContainer,
      Clauses{"runtime/operations/start-not-created-error",
              "runtime/operations/start-not-created-no-effect"}) {
  auto box = target().run(Bundle::minimal().probe({"append", "/count"}).with_file("/count", ""));
  ASSERT_THAT(box.wait(), Exited(0));
  EXPECT_THAT(target().start(box.id()), Refused());
  EXPECT_EQ(box.state().status, "stopped");
  EXPECT_EQ(std::filesystem::file_size(box.rootfs() / "count"), 1U);  // it ran once
}

TRIAL(StartOperation, RefusesAnUnknownId, Clauses{"runtime/operations/start-not-created-error"}) {
  auto box = target().create(holding());
  EXPECT_THAT(target().start("no-such-container"), Refused());
  EXPECT_THAT(box.start(), Succeeded());  // control
}

// create may accept a configuration without process; start must not.
TRIAL(StartOperation, NeedsAProcess,
      Clauses{"runtime/operations/start-needs-process", "runtime/process/required-at-start"}) {
  auto with = target().create(holding());
  EXPECT_THAT(with.start(), Succeeded());  // control
  auto without = target().try_create(Bundle::minimal().without("/process"));
  EXPECT_THAT(target().start(without.id()), Refused());
}

TRIAL(KillOperation, SendsTheSignalItWasGiven, Clauses{"runtime/operations/kill-sends-signal"}) {
  auto box = target().run(holding());
  ASSERT_TRUE(box.report().complete());
  EXPECT_THAT(box.kill("USR1"), Succeeded());
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().answer("woken").number("signal"), SIGUSR1);
}

TRIAL(KillOperation, TakesTheSignalAsANumber, Clauses{"runtime/operations/kill-sends-signal"}) {
  auto box = target().run(holding());
  ASSERT_TRUE(box.report().complete());
  EXPECT_THAT(box.kill(SIGUSR2), Succeeded());
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().answer("woken").number("signal"), SIGUSR2);
}

TRIAL(KillOperation, EndsAContainerThatIsOnlyCreated,
      Clauses{"runtime/operations/kill-sends-signal"}) {
  auto box = target().create(holding());
  EXPECT_THAT(box.kill("KILL"), Succeeded());
  EXPECT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_EQ(box.state().status, "stopped");
  EXPECT_EQ(box.output(), "");
}

TRIAL(KillOperation, RefusesAStoppedContainer,
      Clauses{"runtime/operations/kill-not-running-error",
              "runtime/operations/kill-not-running-no-effect"}) {
  auto box = target().run(Bundle::minimal().probe({"pid"}));
  ASSERT_THAT(box.wait(), Exited(0));
  EXPECT_THAT(box.kill("TERM"), Refused());
  EXPECT_EQ(box.state().status, "stopped");
  EXPECT_THAT(box.remove(), Succeeded());
}

TRIAL(KillOperation, RefusesAnUnknownId, Clauses{"runtime/operations/kill-not-running-error"}) {
  auto box = target().run(holding());
  EXPECT_THAT(target().kill("no-such-container", "TERM"), Refused());
  EXPECT_THAT(box.kill("KILL"), Succeeded());  // control
}

TRIAL(DeleteOperation, RefusesARunningContainer,
      Clauses{"runtime/operations/delete-not-stopped-error",
              "runtime/operations/delete-not-stopped-no-effect"}) {
  auto box = target().run(holding());
  EXPECT_THAT(target().remove(box.id()), Refused());
  EXPECT_EQ(box.state().status, "running");
  EXPECT_THAT(box.wait(0s), StillRunning());

  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_THAT(box.remove(), Succeeded());  // control
}

TRIAL(DeleteOperation, RefusesACreatedContainer,
      Clauses{"runtime/operations/delete-not-stopped-error",
              "runtime/operations/delete-not-stopped-no-effect"}) {
  auto box = target().create(holding());
  EXPECT_THAT(target().remove(box.id()), Refused());
  EXPECT_EQ(box.state().status, "created");
  EXPECT_THAT(box.start(), Succeeded());

  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_THAT(box.remove(), Succeeded());  // control
}

TRIAL(DeleteOperation, RemovesWhatCreateMade,
      Clauses{"runtime/operations/delete-removes-resources", "runtime/lifecycle/destroyed"},
      Needs{Feature::kPidsCgroup}) {
  auto box = target().run(Bundle::minimal().probe({"pid"}));
  ASSERT_THAT(box.wait(), Exited(0));
  EXPECT_TRUE(box.has_cgroup("pids"));  // control
  EXPECT_TRUE(box.has_state_entry());
  EXPECT_THAT(box.remove(), Succeeded());
  EXPECT_FALSE(box.has_cgroup("pids"));
  EXPECT_FALSE(box.has_state_entry());
  EXPECT_THAT(box.state_outcome(), Refused());
}

// The bundle, a bind source and a joined namespace belong to others.
TRIAL(DeleteOperation, KeepsWhatItOnlyUsed,
      Clauses{"runtime/operations/delete-keeps-foreign-resources"}) {
  auto owner = target().run(holding());
  // No plain user may look at a process that has yet to execute the program.
  ASSERT_TRUE(owner.report().complete());
  const std::string shared = scratch_file("shared/file", "kept");
  const std::string joined = "/proc/" + std::to_string(owner.pid()) + "/ns/ipc";
  auto guest = target().run(Bundle::minimal()
                                .without_namespace("ipc")
                                .with_namespace("ipc", joined)
                                .bind(scratch() / "shared", "/data")
                                .probe({"read", "/data/file"})
                                .probe({"namespaces"}));
  ASSERT_THAT(guest.wait(), Exited(0));
  EXPECT_THAT(guest.report(), Read("/data/file", "kept"));
  const auto bundle = guest.bundle();
  EXPECT_THAT(guest.remove(), Succeeded());

  EXPECT_EQ(seatrial::read_file(shared), "kept");
  EXPECT_TRUE(std::filesystem::exists(bundle / "config.json"));
  EXPECT_TRUE(std::filesystem::exists(bundle / "rootfs/probe"));
  EXPECT_TRUE(std::filesystem::exists(joined));
  EXPECT_EQ(owner.state().status, "running");
}

// Callers clean up with it after a successful delete, too, and count on success.
TRIAL(DeleteOperation, WithForceAcceptsAnUnknownId, Clauses{"runtime/operations/supported"},
      Needs{Feature::kCommandLine}) {
  EXPECT_THAT(target().remove("no-such-container"), Refused());  // control
  EXPECT_THAT(target().remove("no-such-container", true), Succeeded());
}

TRIAL(DeleteOperation, WithForceEndsARunningContainer,
      Clauses{"runtime/operations/delete-removes-resources"}) {
  auto box = target().run(Bundle::minimal().probe({"hold", "ignore-term"}));
  ASSERT_TRUE(box.report().complete());
  EXPECT_THAT(box.remove(true), Succeeded());
  EXPECT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_FALSE(box.has_state_entry());
}

namespace {

struct WithoutId {
  std::string name;
  Clauses clauses;
  std::vector<std::string> arguments;
  Needs needs{Feature::kCommandLine};
};

const WithoutId kWithoutIds[] = {
    {"State", {"runtime/operations/state-needs-id"}, {"state"}},
    {"Create", {"runtime/operations/create-needs-id"}, {"create"}},
    {"Start", {"runtime/operations/start-needs-id"}, {"start"}},
    {"Kill", {"runtime/operations/kill-needs-id"}, {"kill"}},
    {"Delete", {"runtime/operations/delete-needs-id"}, {"delete"}},
};

}  // namespace

TRIAL_TABLE(OperationWithoutId, kWithoutIds) {
  std::vector<std::string> arguments = row().arguments;
  if (row().name == "Create") {
    arguments.insert(arguments.end(), {"--bundle", target().write_bundle(holding())});
  }
  EXPECT_THAT(target().command(arguments), Refused());
}

// Whoever made a container may use every operation on it from other processes, too: each verb of a
// command line is one.
TRIAL(Operations, WorkAcrossProcesses, Clauses{"runtime/lifecycle/creator-may-operate"},
      Needs{Feature::kCommandLine}) {
  auto box = target().create(holding());
  EXPECT_THAT(target().command({"state", box.id()}), Succeeded());
  EXPECT_THAT(target().command({"start", box.id()}), Succeeded());
  EXPECT_THAT(target().command({"kill", box.id(), "KILL"}), Succeeded());
  EXPECT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_THAT(target().command({"delete", box.id()}), Succeeded());
  EXPECT_THAT(target().command({"state", box.id()}), Refused());
}
