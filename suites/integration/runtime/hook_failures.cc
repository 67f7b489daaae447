// What follows when a hook fails, for each kind and each way of failing.
#include <csignal>

#include "harness/fixtures/case.h"

namespace {

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

struct Way {
  int exit_code = 0;
  int raise = 0;
  bool hang = false;
  bool missing = false;
};

HookOptions options_of(const Way& way) {
  HookOptions options{.exit_code = way.exit_code, .raise = way.raise, .hang = way.hang};
  if (way.hang) options.timeout = 1;
  return options;
}

struct Failure {
  std::string name;
  Clauses clauses;
  HookKind kind = HookKind::kCreateRuntime;
  Way way = {};
  Needs needs{Feature::kHooks};
  Deadline deadline{40s};  // for two verbs that hang
};

const Failure kCreateFailures[] = {
    {"PrestartExitsWithOne",
     {"runtime/lifecycle/prestart-failure-error", "runtime/lifecycle/prestart-failure-stops"},
     HookKind::kPrestart,
     {.exit_code = 1},
     {Feature::kHooks, Feature::kSpec11}},
    {"PrestartIsMissing",
     {"runtime/lifecycle/prestart-failure-error", "runtime/lifecycle/prestart-failure-stops"},
     HookKind::kPrestart,
     {.missing = true},
     {Feature::kHooks, Feature::kSpec11}},
    {"PrestartExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/prestart-failure-error",
      "runtime/lifecycle/prestart-failure-stops"},
     HookKind::kPrestart,
     {.hang = true},
     {Feature::kHooks, Feature::kSpec11}},
    {"PrestartDiesOfASignal",
     {"runtime/lifecycle/prestart-failure-error", "runtime/lifecycle/prestart-failure-stops"},
     HookKind::kPrestart,
     {.raise = SIGKILL},
     {Feature::kHooks, Feature::kSpec11}},
    {"CreateRuntimeExitsWithOne",
     {"runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime,
     {.exit_code = 1}},
    {"CreateRuntimeIsMissing",
     {"runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime,
     {.missing = true}},
    {"CreateRuntimeExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime,
     {.hang = true}},
    {"CreateRuntimeDiesOfASignal",
     {"runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime,
     {.raise = SIGKILL}},
    {"CreateContainerExitsWithOne",
     {"runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer,
     {.exit_code = 1}},
    {"CreateContainerIsMissing",
     {"runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer,
     {.missing = true}},
    {"CreateContainerExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer,
     {.hang = true}},
    {"CreateContainerDiesOfASignal",
     {"runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer,
     {.raise = SIGKILL}},
};

Bundle with_failing(HookKind kind, const Way& way) {
  Bundle bundle = Bundle::minimal().hook(kind, options_of(way));
  if (way.missing) {
    bundle.edit_config([](std::string text) {
      const std::string path = R"("path": ")";
      const auto hooks = text.find(R"("hooks")");
      const auto begin = text.find(path, hooks) + path.size();
      return text.replace(begin, text.find('"', begin) - begin, "/no/such/hook");
    });
  }
  return bundle;
}

}  // namespace

// create fails and no container is left: no state, no process; the sentinel sees to the rest.
TRIAL_TABLE(FailingHookOfCreate, kCreateFailures) {
  auto control = target().create(holding().hook(row().kind));
  EXPECT_THAT(control.hook_runs(), SizeIs(1));

  auto box = target().try_create(with_failing(row().kind, row().way).probe({"hold"}));
  EXPECT_THAT(box, Refused());
  EXPECT_THAT(box.state_outcome(), Refused());
  EXPECT_FALSE(box.has_state_entry());
  EXPECT_EQ(box.output(), "");
}

namespace {

// A kind of hook whose failure ends the container, and the verb that runs it.
struct Destruction {
  std::string name;
  Clauses clauses;
  HookKind kind;
  bool at_start;
  Needs needs{Feature::kHooks};
};

const Destruction kDestructions[] = {
    {"OfPrestart",
     {"runtime/lifecycle/prestart-failure-destroys"},
     HookKind::kPrestart,
     false,
     {Feature::kHooks, Feature::kSpec11}},
    {"OfCreateRuntime",
     {"runtime/lifecycle/create-runtime-failure-destroys"},
     HookKind::kCreateRuntime,
     false},
    {"OfCreateContainer",
     {"runtime/lifecycle/create-container-failure-destroys"},
     HookKind::kCreateContainer,
     false},
    {"OfStartContainer",
     {"runtime/lifecycle/start-container-failure-destroys"},
     HookKind::kStartContainer,
     true},
    {"OfPoststart",
     {"runtime/lifecycle/poststart-failure-destroys"},
     HookKind::kPoststart,
     true,
     {Feature::kHooks, Feature::kSpec13}},
};

}  // namespace

// What create has made is undone without a delete, and that ends with the poststop hooks.
TRIAL_TABLE(FailingHookLeadsToThePoststopHooks, kDestructions) {
  const Bundle bundle = holding().hook(row().kind, {.exit_code = 1}).hook(HookKind::kPoststop);
  auto box = row().at_start ? target().create(bundle) : target().try_create(bundle);
  if (row().at_start) {
    EXPECT_THAT(box.start(), Refused());
    EXPECT_THAT(box.wait(), Not(StillRunning()));
  } else {
    EXPECT_THAT(box, Refused());
  }
  EXPECT_THAT(box.state_outcome(), Refused());
  EXPECT_FALSE(box.has_state_entry());
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[1].name, "poststop");
}

namespace {

const Failure kStartDestructions[] = {
    {"OfStartContainer",
     {"runtime/lifecycle/start-container-failure-destroys"},
     HookKind::kStartContainer,
     {.exit_code = 1},
     {Feature::kHooks, Feature::kPidsCgroup}},
    {"OfPoststart",
     {"runtime/lifecycle/poststart-failure-destroys"},
     HookKind::kPoststart,
     {.exit_code = 1},
     {Feature::kHooks, Feature::kPidsCgroup, Feature::kSpec13}},
};

}  // namespace

// What a refused create leaves behind, the sentinel sees; after start the case would remove it.
TRIAL_TABLE(FailingHookRemovesTheCgroup, kStartDestructions) {
  auto box = target().create(with_failing(row().kind, row().way).probe({"hold"}));
  EXPECT_TRUE(box.has_cgroup("pids"));  // control
  EXPECT_THAT(box.start(), Refused());
  EXPECT_FALSE(box.has_cgroup("pids"));
}

namespace {

// Up to 1.2.1 a failed poststart hook was a warning.
const Failure kStartFailures[] = {
    {"StartContainerExitsWithOne",
     {"runtime/lifecycle/start-container-failure-error",
      "runtime/lifecycle/start-container-failure-stops"},
     HookKind::kStartContainer,
     {.exit_code = 1}},
    {"StartContainerIsMissing",
     {"runtime/lifecycle/start-container-failure-error",
      "runtime/lifecycle/start-container-failure-stops"},
     HookKind::kStartContainer,
     {.missing = true}},
    {"StartContainerExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/start-container-failure-error",
      "runtime/lifecycle/start-container-failure-stops"},
     HookKind::kStartContainer,
     {.hang = true}},
    {"StartContainerDiesOfASignal",
     {"runtime/lifecycle/start-container-failure-error",
      "runtime/lifecycle/start-container-failure-stops"},
     HookKind::kStartContainer,
     {.raise = SIGKILL}},
    {"PoststartExitsWithOne",
     {"runtime/lifecycle/poststart-failure-error", "runtime/lifecycle/poststart-failure-stops"},
     HookKind::kPoststart,
     {.exit_code = 1},
     {Feature::kHooks, Feature::kSpec13}},
    {"PoststartIsMissing",
     {"runtime/lifecycle/poststart-failure-error", "runtime/lifecycle/poststart-failure-stops"},
     HookKind::kPoststart,
     {.missing = true},
     {Feature::kHooks, Feature::kSpec13}},
    {"PoststartExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/poststart-failure-error",
      "runtime/lifecycle/poststart-failure-stops"},
     HookKind::kPoststart,
     {.hang = true},
     {Feature::kHooks, Feature::kSpec13}},
    {"PoststartDiesOfASignal",
     {"runtime/lifecycle/poststart-failure-error", "runtime/lifecycle/poststart-failure-stops"},
     HookKind::kPoststart,
     {.raise = SIGKILL},
     {Feature::kHooks, Feature::kSpec13}},
};

}  // namespace

// start fails, and no process is left; before the program, nothing of it has run.
TRIAL_TABLE(FailingHookOfStart, kStartFailures) {
  auto control = target().run(holding().hook(row().kind));
  ASSERT_TRUE(control.report().complete());
  EXPECT_THAT(control.hook_runs(), SizeIs(1));

  auto box = target().create(
      with_failing(row().kind, row().way).probe({"write_text", "/ran", "yes"}).probe({"hold"}));
  EXPECT_THAT(box.start(), Refused());
  EXPECT_THAT(box.wait(), Not(StillRunning()));
  if (row().kind == HookKind::kStartContainer) {
    EXPECT_FALSE(std::filesystem::exists(box.rootfs() / "ran"));
  }
}

namespace {

const Failure kMereWarnings[] = {
    {"PoststartExitsWithOne",
     {"runtime/lifecycle/poststart-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststart,
     {.exit_code = 1},
     {Feature::kHooks, Feature::kSpecBefore13}},
    {"PoststartIsMissing",
     {"runtime/lifecycle/poststart-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststart,
     {.missing = true},
     {Feature::kHooks, Feature::kSpecBefore13}},
    {"PoststartExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/poststart-failure-continues",
      "runtime/errors/warning-continues"},
     HookKind::kPoststart,
     {.hang = true},
     {Feature::kHooks, Feature::kSpecBefore13}},
    {"PoststartDiesOfASignal",
     {"runtime/lifecycle/poststart-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststart,
     {.raise = SIGKILL},
     {Feature::kHooks, Feature::kSpecBefore13}},
    {"PoststopExitsWithOne",
     {"runtime/lifecycle/poststop-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststop,
     {.exit_code = 1}},
    {"PoststopIsMissing",
     {"runtime/lifecycle/poststop-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststop,
     {.missing = true}},
    {"PoststopExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/poststop-failure-continues",
      "runtime/errors/warning-continues"},
     HookKind::kPoststop,
     {.hang = true}},
    {"PoststopDiesOfASignal",
     {"runtime/lifecycle/poststop-failure-continues", "runtime/errors/warning-continues"},
     HookKind::kPoststop,
     {.raise = SIGKILL}},
};

}  // namespace

// The others still run, and everything goes on as if nothing had happened.
TRIAL_TABLE(FailingHookIsOnlyAWarning, kMereWarnings) {
  auto box = target().create(
      with_failing(row().kind, row().way).probe({"hold"}).hook(row().kind, {.name = "next"}));
  EXPECT_THAT(box.start(), Succeeded());
  ASSERT_TRUE(box.report().complete());
  EXPECT_EQ(box.state().status, "running");
  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_THAT(box.remove(), Succeeded());
  EXPECT_FALSE(box.has_state_entry());
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(row().way.missing ? 1 : 2));
  EXPECT_EQ(runs.back().name, "next");
}

namespace {

// A kind of hook whose failure is a warning, and the verb that says so.
struct Warning {
  std::string name;
  Clauses clauses;
  HookKind kind;
  Needs needs{Feature::kHooks};
};

const Warning kWarnings[] = {
    {"OfPoststart",
     {"runtime/lifecycle/poststart-failure-warning"},
     HookKind::kPoststart,
     {Feature::kHooks, Feature::kSpecBefore13}},
    {"OfPoststop", {"runtime/lifecycle/poststop-failure-warning"}, HookKind::kPoststop},
};

}  // namespace

// Who calls the runtime gets to read of it.
TRIAL_TABLE(FailingHookIsLogged, kWarnings) {
  const auto words = [this](int exit_code) {
    auto box = target().create(
        Bundle::minimal().hook(row().kind, {.exit_code = exit_code}).probe({"pid"}));
    const Outcome start = box.start();
    EXPECT_THAT(start, Succeeded());
    EXPECT_THAT(box.wait(), Exited(0));
    const Outcome removal = box.remove();
    EXPECT_THAT(removal, Succeeded());
    return row().kind == HookKind::kPoststart ? start.error_text : removal.error_text;
  };
  EXPECT_EQ(words(0), "");  // control
  EXPECT_THAT(words(7), HasSubstr("hook"));
}
