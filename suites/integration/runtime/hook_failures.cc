// What follows when a hook fails, for each kind and each way of failing.
#include "harness/fixtures/case.h"

namespace {

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

struct Way {
  int exit_code = 1;
  bool hang = false;
  bool missing = false;
};

HookOptions options_of(const Way& way) {
  HookOptions options{.exit_code = way.exit_code};
  if (way.hang) {
    options.hang = true;
    options.timeout = 1;
  }
  return options;
}

struct Failure {
  std::string name;
  Clauses clauses;
  HookKind kind = HookKind::kCreateRuntime;
  Way way = {};
  Needs needs{Feature::kHooks};
};

const Failure kCreateFailures[] = {
    {"PrestartExitsWithOne",
     {"runtime/lifecycle/prestart-failure-error", "runtime/lifecycle/prestart-failure-stops"},
     HookKind::kPrestart,
     {},
     {Feature::kHooks, Feature::kSpec11}},
    {"CreateRuntimeExitsWithOne",
     {"runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime},
    {"CreateRuntimeIsMissing",
     {"runtime/lifecycle/create-runtime-failure-error",
      "runtime/lifecycle/create-runtime-failure-stops"},
     HookKind::kCreateRuntime,
     {.missing = true}},
    {"CreateRuntimeExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/create-runtime-failure-error"},
     HookKind::kCreateRuntime,
     {.exit_code = 0, .hang = true}},
    {"CreateContainerExitsWithOne",
     {"runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer},
    {"CreateContainerIsMissing",
     {"runtime/lifecycle/create-container-failure-error",
      "runtime/lifecycle/create-container-failure-stops"},
     HookKind::kCreateContainer,
     {.missing = true}},
    {"CreateContainerExceedsItsTimeout",
     {"runtime/hooks/timeout", "runtime/lifecycle/create-container-failure-error"},
     HookKind::kCreateContainer,
     {.exit_code = 0, .hang = true}},
};

Bundle with_failing(HookKind kind, const Way& way) {
  Bundle bundle = holding().hook(kind, options_of(way));
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

  auto box = target().try_create(with_failing(row().kind, row().way));
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

// What a failing hook leaves undone is destroyed, and destruction ends with the poststop hooks.
TRIAL_TABLE(FailingHookLeadsToThePoststopHooks, kDestructions) {
  const Bundle bundle = holding().hook(row().kind, {.exit_code = 1}).hook(HookKind::kPoststop);
  auto box = row().at_start ? target().create(bundle) : target().try_create(bundle);
  if (row().at_start) {
    EXPECT_THAT(box.start(), Refused());
    EXPECT_THAT(box.wait(), Not(StillRunning()));
  } else {
    EXPECT_THAT(box, Refused());
  }
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[1].name, "poststop");
}

TRIAL(FailingHookOfStartContainer, FailsStartAndStopsTheContainer,
      Clauses{"runtime/lifecycle/start-container-failure-error",
              "runtime/lifecycle/start-container-failure-stops"},
      Needs{Feature::kHooks}) {
  auto control = target().run(holding().hook(HookKind::kStartContainer));
  ASSERT_TRUE(control.report().complete());
  EXPECT_THAT(control.hook_runs(), SizeIs(1));

  auto box = target().create(Bundle::minimal()
                                 .hook(HookKind::kStartContainer, {.exit_code = 1})
                                 .probe({"write_text", "/ran", "yes"}));
  EXPECT_THAT(box.start(), Refused());
  EXPECT_THAT(box.wait(), Not(StillRunning()));
  EXPECT_FALSE(std::filesystem::exists(box.rootfs() / "ran"));
}

// Up to 1.2.1 a failed poststart hook was a warning.
TRIAL(FailingHookOfPoststart, IsOnlyAWarning,
      Clauses{"runtime/lifecycle/poststart-failure-continues", "runtime/errors/warning-continues"},
      Needs{Feature::kHooks, Feature::kSpecBefore13}) {
  auto box = target().create(holding()
                                 .hook(HookKind::kPoststart, {.name = "fails", .exit_code = 1})
                                 .hook(HookKind::kPoststart, {.name = "next"}));
  EXPECT_THAT(box.start(), Succeeded());
  EXPECT_EQ(box.state().status, "running");
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[1].name, "next");
}

// Since 1.3.0 it is an error, and the container is stopped.
TRIAL(FailingHookOfPoststart, FailsStartAndStopsTheContainer,
      Clauses{"runtime/lifecycle/poststart-failure-error",
              "runtime/lifecycle/poststart-failure-stops"},
      Needs{Feature::kHooks, Feature::kSpec13}) {
  auto control = target().create(holding().hook(HookKind::kPoststart));
  EXPECT_THAT(control.start(), Succeeded());

  auto box = target().create(holding().hook(HookKind::kPoststart, {.exit_code = 1}));
  EXPECT_THAT(box.start(), Refused());
  EXPECT_THAT(box.wait(), Not(StillRunning()));
}

// The others still run, and the container is gone as if nothing had happened.
TRIAL(FailingHookOfPoststop, IsOnlyAWarning,
      Clauses{"runtime/lifecycle/poststop-failure-continues", "runtime/errors/warning-continues"},
      Needs{Feature::kHooks}) {
  auto box = target().run(Bundle::minimal()
                              .hook(HookKind::kPoststop, {.name = "fails", .exit_code = 1})
                              .hook(HookKind::kPoststop, {.name = "next"})
                              .probe({"pid"}));
  ASSERT_THAT(box.wait(), Exited(0));
  EXPECT_THAT(box.remove(), Succeeded());
  EXPECT_FALSE(box.has_state_entry());
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[1].name, "next");
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
