// The state document (runtime.md, State), field by field.
#include <nlohmann/json.hpp>

#include "harness/fixtures/case.h"

namespace {

using nlohmann::json;

Bundle holding() {
  return Bundle::minimal().probe({"hold"});
}

}  // namespace

TRIAL(StateDocument, NamesTheContainerAndItsBundle,
      Clauses{"runtime/state/id", "runtime/state/bundle", "runtime/state/oci-version",
              "runtime/state/status"}) {
  auto box = target().create(holding());
  const State state = box.state();
  EXPECT_EQ(state.id, box.id());
  EXPECT_EQ(state.bundle, box.bundle());
  EXPECT_THAT(state.oci_version, ContainsRegex("^1\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(state.status, "created");
}

// Whoever reads the state has a working directory of its own.
TRIAL(StateDocument, NamesABundleThatWasRelativeByItsAbsolutePath,
      Clauses{"runtime/state/bundle"}) {
  CreateCall call;
  call.relative_bundle = true;
  auto box = target().try_create_with(holding(), call);
  ASSERT_THAT(box, Succeeded());
  EXPECT_EQ(box.state().bundle, box.bundle());
  EXPECT_THAT(box.start(), Succeeded());
}

TRIAL(StateDocument, HasThePidWhileThereIsAProcess, Clauses{"runtime/state/pid"}) {
  auto box = target().create(holding());
  EXPECT_EQ(box.state().pid, box.pid());
  ASSERT_THAT(box.start(), Succeeded());
  ASSERT_TRUE(box.report().complete());
  EXPECT_EQ(box.state().pid, box.pid());
  EXPECT_TRUE(std::filesystem::exists("/proc/" + std::to_string(box.pid())));
}

TRIAL(StateDocument, CarriesTheAnnotations, Clauses{"runtime/state/annotations"}) {
  auto with =
      target().create(holding().annotation("org.example.key", "a value").annotation("k", ""));
  EXPECT_THAT(with.state().annotations,
              ElementsAre(std::pair("k", ""), std::pair("org.example.key", "a value")));
  auto without = target().create(holding());
  EXPECT_THAT(without.state().annotations, IsEmpty());
}

TRIAL(StateDocument, HasTheTypesOfTheSpecification, Clauses{"runtime/state/json-pattern"},
      Needs{Feature::kSpecBefore11}) {
  auto box = target().create(holding().annotation("org.example.key", "value"));
  const json state = json::parse(box.state().raw);
  for (const char* key : {"ociVersion", "id", "status", "bundle", "pid", "annotations"}) {
    ASSERT_TRUE(state.contains(key)) << key;
  }
  for (const char* key : {"ociVersion", "id", "status", "bundle"}) {
    EXPECT_TRUE(state.at(key).is_string()) << key;
  }
  EXPECT_TRUE(state.at("pid").is_number_integer());
  EXPECT_TRUE(state.at("annotations").is_object());
}

// state-schema.json of 1.1.0 in words: these types, status one of four, pid not negative.
TRIAL(StateDocument, KeepsToTheSchema, Clauses{"runtime/state/json-schema"},
      Needs{Feature::kSpec11}) {
  auto box = target().create(holding().annotation("org.example.key", "value"));
  const json state = json::parse(box.state().raw);
  for (const char* key : {"ociVersion", "id", "status", "bundle", "pid", "annotations"}) {
    ASSERT_TRUE(state.contains(key)) << key;
  }
  for (const char* key : {"ociVersion", "id", "status", "bundle"}) {
    EXPECT_TRUE(state.at(key).is_string()) << key;
  }
  EXPECT_THAT(state.at("status").get<std::string>(),
              AnyOf("creating", "created", "running", "stopped"));
  EXPECT_GE(state.at("pid").get<int>(), 0);
  ASSERT_TRUE(state.at("annotations").is_object());
  for (const auto& [key, value] : state.at("annotations").items()) {
    EXPECT_TRUE(value.is_string()) << key;
  }
}

// A container that is created is not called running, one that runs is not called stopped.
TRIAL(StateDocument, FollowsTheLifeOfTheProcess,
      Clauses{"runtime/state/created", "runtime/state/running", "runtime/state/stopped",
              "runtime/state/status-extra-values"}) {
  auto box = target().create(holding());
  EXPECT_EQ(box.state().status, "created");
  ASSERT_THAT(box.start(), Succeeded());
  ASSERT_TRUE(box.report().complete());
  EXPECT_EQ(box.state().status, "running");
  ASSERT_THAT(box.kill("KILL"), Succeeded());
  ASSERT_THAT(box.wait(), Signalled(SIGKILL));
  EXPECT_EQ(box.state().status, "stopped");
}

// createRuntime hooks run while the container is being created.
TRIAL(StateDocument, SaysCreatingToTheHooksOfCreate, Clauses{"runtime/state/creating"},
      Needs{Feature::kHooks}) {
  auto box = target().create(holding().hook(HookKind::kCreateRuntime));
  const auto runs = box.hook_runs();
  ASSERT_THAT(runs, SizeIs(1));
  ASSERT_TRUE(runs[0].state.has_value()) << runs[0].stdin_text;
  EXPECT_EQ(runs[0].state->status, "creating");
  EXPECT_EQ(box.state().status, "created");  // control
}
