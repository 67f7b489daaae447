// When and where hooks run, and what they are given.
#include <algorithm>

#include "harness/core/lack.h"
#include "harness/fixtures/case.h"

namespace {

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

std::vector<std::string> names(const std::vector<HookRun>& runs) {
  std::vector<std::string> all;
  for (const HookRun& run : runs) all.push_back(run.name);
  return all;
}

// The container's and the harness' namespaces that the case's containers have of their own. The pid
// namespace is left out: a hook's link shows that of the process, which is what is compared below.
constexpr const char* kOwnKinds[] = {"mnt", "ipc", "uts"};

void expect_namespaces_of_the_host(const HookRun& run) {
  SCOPED_TRACE(run.name);
  for (const char* kind : {"mnt", "ipc", "uts", "pid", "net"}) {
    EXPECT_EQ(run.namespaces.at(kind), harness_namespace(kind)) << kind;
  }
}

void expect_namespaces_of_the_container(const HookRun& run) {
  SCOPED_TRACE(run.name);
  for (const char* kind : kOwnKinds) {
    EXPECT_NE(run.namespaces.at(kind), harness_namespace(kind)) << kind;
  }
}

Bundle with_every_hook() {
  return holding()
      .hook(HookKind::kPoststop)
      .hook(HookKind::kPoststart)
      .hook(HookKind::kStartContainer)
      .hook(HookKind::kCreateContainer)
      .hook(HookKind::kCreateRuntime)
      .hook(HookKind::kPrestart);
}

}  // namespace

// create runs three kinds, start two, delete one, in this order.
TRIAL(Hooks, RunAtTheirStepOfTheLifecycle,
      Clauses{"runtime/hooks/create-runtime-during-create",
              "runtime/hooks/create-container-during-create",
              "runtime/hooks/start-container-during-start", "runtime/hooks/poststart-before-return",
              "runtime/hooks/poststop-before-return", "runtime/hooks/poststop-after-delete",
              "runtime/hooks/create-container-after-create-runtime",
              "runtime/lifecycle/create-runtime-invoked",
              "runtime/lifecycle/create-container-invoked",
              "runtime/lifecycle/start-container-invoked", "runtime/lifecycle/poststart-invoked",
              "runtime/lifecycle/poststop-invoked", "runtime/lifecycle/prestart-invoked"},
      Needs{Feature::kHooks}) {
  auto box = target().create(with_every_hook());
  auto so_far = names(box.hook_runs());
  std::erase(so_far, "prestart");  // during create or start, depending on the version
  EXPECT_THAT(so_far, ElementsAre("createRuntime", "createContainer"));

  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_THAT(names(box.hook_runs()), Contains("poststart"));
  ASSERT_TRUE(box.report().complete());  // the program runs, so startContainer hooks have
  EXPECT_THAT(names(box.hook_runs()),
              UnorderedElementsAre("prestart", "createRuntime", "createContainer", "startContainer",
                                   "poststart"));

  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_THAT(names(box.hook_runs()), Not(Contains("poststop")));
  ASSERT_THAT(box.remove(), Succeeded());
  EXPECT_EQ(names(box.hook_runs()).back(), "poststop");
}

TRIAL(Hooks, RunPrestartDuringCreateAndFirst,
      Clauses{"runtime/hooks/prestart-during-create",
              "runtime/hooks/prestart-before-create-runtime"},
      Needs{Feature::kHooks, Feature::kSpec11}) {
  auto box = target().create(with_every_hook());
  EXPECT_THAT(names(box.hook_runs()), ElementsAre("prestart", "createRuntime", "createContainer"));
  ASSERT_THAT(box.start(), Succeeded());
  const auto after = names(box.hook_runs());
  EXPECT_EQ(std::count(after.begin(), after.end(), "prestart"), 1);
}

TRIAL(Hooks, OfOneKindRunInTheOrderOfTheArray, Clauses{"runtime/hooks/order"},
      Needs{Feature::kHooks}) {
  Bundle bundle = holding();
  std::vector<std::string> expected;
  for (const char* name : {"third", "first", "second"}) {
    bundle.hook(HookKind::kCreateRuntime, {.name = name});
    expected.emplace_back(name);
  }
  auto box = target().create(bundle);
  EXPECT_EQ(names(box.hook_runs()), expected);
}

TRIAL(Hooks, GetTheirOwnArgumentsAndEnvironment, Clauses{"runtime/hooks/args", "runtime/hooks/env"},
      Needs{Feature::kHooks}) {
  auto box = target().create(
      holding()
          .hook(HookKind::kCreateRuntime, {.name = "captain",
                                           .args = {"ahoy", "", "two words"},
                                           .env = {"COURSE=north", "EMPTY="}})
          .hook(HookKind::kCreateContainer, {.name = "mate", .env = {"COURSE=south"}}));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_THAT(runs[0].args, ElementsAre("captain", "ahoy", "", "two words"));
  EXPECT_THAT(runs[0].env, IsSupersetOf({"COURSE=north", "EMPTY="}));
  EXPECT_THAT(runs[1].args, ElementsAre("mate"));
  EXPECT_THAT(runs[1].env, Contains("COURSE=south"));
}

TRIAL(Hooks, GetTheStateOnStandardInput, Clauses{"runtime/hooks/state-on-stdin"},
      Needs{Feature::kHooks}) {
  auto box = target().create(with_every_hook().annotation("org.example.port", "Hamburg"));
  const pid_t pid = box.pid();
  const std::string bundle = box.bundle();
  ASSERT_THAT(box.start(), Succeeded());
  ASSERT_TRUE(box.report().complete());
  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  ASSERT_THAT(box.remove(), Succeeded());

  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(6));
  for (const HookRun& run : runs) {
    SCOPED_TRACE(run.name);
    ASSERT_TRUE(run.state.has_value()) << run.stdin_text;
    EXPECT_EQ(run.state->id, box.id());
    EXPECT_EQ(run.state->bundle, bundle);
    EXPECT_THAT(run.state->annotations, Contains(std::pair("org.example.port", "Hamburg")));
    if (run.name == "createRuntime") {
      EXPECT_EQ(run.state->pid, pid);
    }
  }
  EXPECT_EQ(runs.back().state->status, "stopped");
}

TRIAL(Hooks, OfThePoststartKindSeeARunningContainer,
      Clauses{"runtime/hooks/state-on-stdin", "runtime/hooks/poststart-after-process"},
      Needs{Feature::kHooks}) {
  auto box = target().run(holding().hook(HookKind::kPoststart));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(1));
  ASSERT_TRUE(runs[0].state.has_value()) << runs[0].stdin_text;
  EXPECT_EQ(runs[0].state->status, "running");
  EXPECT_EQ(runs[0].state->pid, box.pid());
}

// Each pid is the one of the namespace that the hook runs in: there the container's process is 1.
TRIAL(Hooks, GetThePidAsTheirNamespaceSeesIt,
      Clauses{"runtime/state/pid-runtime-hooks", "runtime/state/pid-container-hooks"},
      Needs{Feature::kHooks, Feature::kSpec11}) {
  auto box = target().run(holding()
                              .hook(HookKind::kCreateRuntime)
                              .hook(HookKind::kCreateContainer)
                              .hook(HookKind::kStartContainer));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(3));
  for (const HookRun& run : runs) ASSERT_TRUE(run.state.has_value()) << run.stdin_text;
  EXPECT_EQ(runs[0].state->pid, box.pid());
  EXPECT_EQ(runs[1].state->pid, 1);
  EXPECT_EQ(runs[2].state->pid, 1);
}

// prestart, createRuntime, poststart and poststop hooks are the host's: the path is looked up
// there, and they run in the runtime's namespaces.
TRIAL(Hooks, OfTheRuntimeRunInTheRuntimesNamespaces,
      Clauses{"runtime/hooks/prestart-path", "runtime/hooks/prestart-namespace",
              "runtime/hooks/create-runtime-path", "runtime/hooks/create-runtime-namespace",
              "runtime/hooks/poststart-path", "runtime/hooks/poststart-namespace",
              "runtime/hooks/poststop-path", "runtime/hooks/poststop-namespace"},
      Needs{Feature::kHooks}) {
  auto box = target().run(holding()
                              .hook(HookKind::kPrestart)
                              .hook(HookKind::kCreateRuntime)
                              .hook(HookKind::kPoststart)
                              .hook(HookKind::kPoststop));
  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  ASSERT_THAT(box.remove(), Succeeded());
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(4));
  for (const HookRun& run : runs) {
    expect_namespaces_of_the_host(run);
    EXPECT_FALSE(run.probe_visible) << run.name << " has the container's root";
  }
}

// createContainer hooks are the host's programs in the container's namespaces, before the root is
// switched.
TRIAL(Hooks, OfCreateContainerRunInTheContainerBeforeThePivot,
      Clauses{"runtime/hooks/create-container-path", "runtime/hooks/create-container-namespace",
              "runtime/hooks/create-container-before-pivot",
              "runtime/hooks/create-container-environment"},
      Needs{Feature::kHooks}) {
  auto box = target().create(holding().hook(HookKind::kCreateContainer));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(1));
  expect_namespaces_of_the_container(runs[0]);
  EXPECT_FALSE(runs[0].probe_visible);
}

// startContainer hooks are the container's own programs, in its namespaces and its root.
TRIAL(Hooks, OfStartContainerRunInsideBeforeTheProgram,
      Clauses{"runtime/hooks/start-container-path", "runtime/hooks/start-container-namespace",
              "runtime/hooks/start-container-before-process"},
      Needs{Feature::kHooks}) {
  auto box = target().create(
      Bundle::minimal().hook(HookKind::kStartContainer).probe({"read", "/hooks.log"}));
  EXPECT_THAT(box.hook_runs(), IsEmpty());
  ASSERT_THAT(box.start(), Succeeded());
  ASSERT_THAT(box.wait(), Exited(0));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(1));
  expect_namespaces_of_the_container(runs[0]);
  EXPECT_TRUE(runs[0].probe_visible);
  EXPECT_THAT(box.report().content("/hooks.log"), HasSubstr("startContainer"));
}

// The namespaces of the container stand when createRuntime hooks run, and its root is not switched:
// the hook's state has a process whose namespaces can be looked at.
TRIAL(Hooks, OfCreateRuntimeFindTheNamespacesMade,
      Clauses{"runtime/hooks/create-runtime-environment", "runtime/hooks/prestart-environment"},
      Needs{Feature::kHooks, Feature::kSpec11}) {
  auto box = target().create(holding().hook(HookKind::kPrestart).hook(HookKind::kCreateRuntime));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  for (const HookRun& run : runs) {
    ASSERT_TRUE(run.state.has_value()) << run.stdin_text;
    EXPECT_EQ(run.state->pid, box.pid());
  }
}

namespace {

struct BeforePivot {
  std::string name;
  Clauses clauses;
  HookKind kind;
  Needs needs{Feature::kHooks};
};

const BeforePivot kBeforePivot[] = {
    {"Prestart",
     {"runtime/hooks/prestart-before-pivot"},
     HookKind::kPrestart,
     {Feature::kHooks, Feature::kSpec11}},
    {"CreateRuntime", {"runtime/hooks/create-runtime-before-pivot"}, HookKind::kCreateRuntime},
};

}  // namespace

// The process that the hook is told of still has the root that it began with.
TRIAL_TABLE(HookBeforeThePivot, kBeforePivot) {
  auto box = target().run(holding().hook(row().kind).hook(HookKind::kPoststart));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  for (const HookRun& run : runs) {
    if (!run.root_seen) throw Lack("this user may not look at the root of the container's process");
  }
  EXPECT_FALSE(runs[0].container_entered) << runs[0].name;
  EXPECT_TRUE(runs[1].container_entered) << runs[1].name;  // control
}

// Up to 1.0.2; since 1.1.0 the text says what runtimes have always done.
TRIAL(Hooks, OfThePrestartKindRunAfterStart, Clauses{"runtime/hooks/prestart-after-start"},
      Needs{Feature::kSpecBefore11}) {
  auto box = target().create(holding().hook(HookKind::kPrestart));
  EXPECT_THAT(names(box.hook_runs()), IsEmpty());
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_THAT(names(box.hook_runs()), ElementsAre("prestart"));
}
