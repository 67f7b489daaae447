// The features document is held against what the runtime then does with a configuration.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/catalogue/version.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "suites/integration/runtime/seccomp_witness.h"

namespace {

using nlohmann::json;

json features_of(Subject& target) {
  const Outcome outcome = target.command({"features"});
  if (!outcome.succeeded()) throw Lack("the command has no verb features");
  return json::parse(outcome.output);
}

// The part of the document at this JSON pointer, all of which are optional. What is null says
// nothing, either.
json told_at(Subject& target, const char* pointer) {
  const json features = features_of(target);
  const json::json_pointer place(pointer);
  if (!features.contains(place) || features.at(place).is_null()) {
    throw Lack(std::string("the features do not tell of ") + pointer);
  }
  return features.at(place);
}

// A rule for one call that nobody makes.
std::string profile(const json& rule) {
  json rules = json::array();
  rules.push_back({{"names", {"swapoff"}}});
  rules.front().update(rule);
  return json{{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", rules}}.dump();
}

}  // namespace

// Both ends of the range of versions are read.
TRIAL(Features, VersionsAreAccepted,
      Clauses{"runtime/features/version-min-required", "runtime/features/version-max-required",
              "runtime/features/version-min-accepted", "runtime/features/version-max-accepted"},
      Needs{Feature::kCommandLine}) {
  const json features = features_of(target());
  for (const char* name : {"ociVersionMin", "ociVersionMax"}) {
    const std::string version = features.at(name);
    EXPECT_THAT(target().run(Bundle::minimal().set("/ociVersion", version)).wait(10s), Exited(0))
        << name << " " << version;
  }
}

// Every kind of hook that is listed runs.
TRIAL(Features, HooksThatAreListedRun, Clauses{"runtime/features/hooks"},
      Needs{Feature::kCommandLine, Feature::kHooks}) {
  const json hooks = told_at(target(), "/hooks");
  const std::map<std::string, HookKind> kinds{{"prestart", HookKind::kPrestart},
                                              {"createRuntime", HookKind::kCreateRuntime},
                                              {"createContainer", HookKind::kCreateContainer},
                                              {"startContainer", HookKind::kStartContainer},
                                              {"poststart", HookKind::kPoststart},
                                              {"poststop", HookKind::kPoststop}};
  Bundle bundle = Bundle::minimal();
  for (const json& name : hooks) bundle.hook(kinds.at(name.get<std::string>()));
  auto box = target().run(bundle);
  EXPECT_THAT(box.wait(10s), Exited(0));
  box.remove();
  EXPECT_THAT(box.hook_runs(), SizeIs(hooks.size()));
}

// Every namespace and capability that is listed is recognised.
TRIAL(Features, NamespacesAndCapabilitiesAreRecognised,
      Clauses{"runtime/features/namespaces", "runtime/features/capabilities"},
      Needs{Feature::kCommandLine, Feature::kUserNamespace}) {
  const json capabilities = told_at(target(), "/linux/capabilities");
  json namespaces = json::array();
  for (const json& type : told_at(target(), "/linux/namespaces"))
    namespaces.push_back({{"type", type}});
  const std::string ids = R"([{"containerID":0,"hostID":0,"size":65536}])";
  auto box = target().run(Bundle::minimal()
                              .set_json("/linux/namespaces", namespaces.dump())
                              .set_json("/linux/uidMappings", ids)
                              .set_json("/linux/gidMappings", ids)
                              .set_json("/process/capabilities/bounding", capabilities.dump()));
  EXPECT_THAT(box.wait(10s), Exited(0));
}

// Every action that is listed can stand in a profile; a listener is what SCMP_ACT_NOTIFY needs
// more.
TRIAL(Features, SeccompActionsAreRecognised, Clauses{"runtime/features/seccomp-actions"},
      Needs{Feature::kCommandLine, Feature::kSeccomp}) {
  const json actions = told_at(target(), "/linux/seccomp/actions");
  EXPECT_THAT(actions, Contains("SCMP_ACT_ERRNO"));
  for (const json& action : actions) {
    if (action == "SCMP_ACT_NOTIFY") continue;
    auto box =
        target().run(Bundle::minimal().set_json("/linux/seccomp", profile({{"action", action}})));
    EXPECT_THAT(box.wait(10s), Exited(0)) << action;
  }
}

TRIAL(Features, SeccompOperatorsAreRecognised, Clauses{"runtime/features/seccomp-operators"},
      Needs{Feature::kCommandLine, Feature::kSeccomp}) {
  for (const json& op : told_at(target(), "/linux/seccomp/operators")) {
    json rule{{"action", "SCMP_ACT_ERRNO"}};
    rule["args"].push_back({{"index", 0}, {"value", 1}, {"valueTwo", 1}, {"op", op}});
    auto box = target().run(Bundle::minimal().set_json("/linux/seccomp", profile(rule)));
    EXPECT_THAT(box.wait(10s), Exited(0)) << op;
  }
}

// A flag that is listed as supported works: the kernel is asked for it.
TRIAL(Features, SeccompFlagsThatAreSupportedWork,
      Clauses{"runtime/features/seccomp-supported-flags"},
      Needs{Feature::kCommandLine, Feature::kSeccomp}) {
  for (const json& flag : told_at(target(), "/linux/seccomp/supportedFlags")) {
    // Of filters that notify a listener, and refused by the kernel for others.
    if (flag == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") continue;
    json document = json::parse(profile({{"action", "SCMP_ACT_ERRNO"}}));
    document["flags"].push_back(flag);
    auto box = target().create(
        Bundle::minimal().set_json("/linux/seccomp", document.dump()).no_new_privileges());
    Tracer tracer(box.pid(), Tracer::Until::kProgram);
    ASSERT_THAT(box.start(), Succeeded()) << flag;
    const std::uint64_t bit = filter_flag(flag.get<std::string>());
    EXPECT_NE(bit, 0U) << "the harness knows no " << flag;
    EXPECT_THAT(tracer.seen(),
                ElementsAre(::testing::Truly([bit](auto flags) { return (flags & bit) != 0; })))
        << flag;
    EXPECT_THAT(box.wait(10s), Exited(0)) << flag;
  }
}

// A filter cannot mix architectures of two byte orders, so that some of a list are refused on any
// one machine; but not in the words for what is no architecture at all.
TRIAL(Features, SeccompArchitecturesAreRecognised, Clauses{"runtime/features/seccomp-archs"},
      Needs{Feature::kCommandLine, Feature::kSeccomp}) {
  const auto with = [](const std::string& name) {
    json document = json::parse(profile({{"action", "SCMP_ACT_ERRNO"}}));
    document["architectures"].push_back(name);
    return Bundle::minimal().set_json("/linux/seccomp", document.dump());
  };
  const auto words = [&](const std::string& name) {
    auto box = target().try_create(with(name));
    std::string text = box.outcome().succeeded() ? "" : box.outcome().error_text;
    for (const std::string& each : {name, box.id()}) {
      for (std::size_t at = 0; (at = text.find(each)) != std::string::npos;) {
        text.replace(at, each.size(), "NAME");
      }
    }
    return text;
  };
  const json architectures = told_at(target(), "/linux/seccomp/archs");
  EXPECT_THAT(architectures, Contains("SCMP_ARCH_X86_64"));
  const std::string unknown = words("SCMP_ARCH_CLIPPER");
  ASSERT_NE(unknown, "");
  for (const json& name : architectures) EXPECT_NE(words(name), unknown) << name;
}

TRIAL(Features, SeccompFlagsAreRecognised, Clauses{"runtime/features/seccomp-known-flags"},
      Needs{Feature::kCommandLine, Feature::kSeccomp}) {
  for (const json& flag : told_at(target(), "/linux/seccomp/knownFlags")) {
    json document = json::parse(profile({{"action", "SCMP_ACT_ERRNO"}}));
    document["flags"].push_back(flag);
    EXPECT_THAT(target().try_create(Bundle::minimal().set_json("/linux/seccomp", document.dump())),
                Succeeded())
        << flag;
  }
}

// Those that need more than a tmpfs have cases of their own.
TRIAL(Features, MountOptionsAreRecognised, Clauses{"runtime/features/mount-options"},
      Needs{Feature::kCommandLine}) {
  const std::set<std::string> special{"bind", "rbind", "remount", "idmap", "ridmap"};
  const json options = told_at(target(), "/mountOptions");
  EXPECT_THAT(options, Contains("nosuid"));
  for (const json& option : options) {
    if (special.contains(option.get<std::string>())) continue;
    EXPECT_THAT(target().try_create(Bundle::minimal().tmpfs("/data", {option.get<std::string>()})),
                Succeeded())
        << option;
  }
}

// Of a policy, the modes that need nodes get one that every machine has.
TRIAL(Features, MemoryPoliciesAreRecognised,
      Clauses{"runtime/features/memory-policy-modes", "runtime/features/memory-policy-flags"},
      Needs{Feature::kCommandLine, Feature::kMemoryPolicy, Feature::kSpec13}) {
  const std::set<std::string> without_nodes{"MPOL_DEFAULT", "MPOL_LOCAL"};
  const auto taken = [this](const json& policy) {
    return target().try_create(Bundle::minimal().set_json("/linux/memoryPolicy", policy.dump()));
  };
  const json modes = told_at(target(), "/linux/memoryPolicy/modes");
  EXPECT_THAT(modes, Contains("MPOL_BIND"));
  for (const json& mode : modes) {
    json policy{{"mode", mode}};
    if (!without_nodes.contains(mode.get<std::string>())) policy["nodes"] = "0";
    EXPECT_THAT(taken(policy), Succeeded()) << mode;
  }
  const json flags = told_at(target(), "/linux/memoryPolicy/flags");
  EXPECT_THAT(flags, Contains("MPOL_F_STATIC_NODES"));
  for (const json& flag : flags) {
    const json policy{{"mode", "MPOL_BIND"}, {"nodes", "0"}, {"flags", json::array({flag})}};
    EXPECT_THAT(taken(policy), Succeeded()) << flag;
  }
  EXPECT_THAT(taken({{"mode", "MPOL_ADRIFT"}}), Refused());  // control
}

TRIAL(Features, VersionsAreARange, Clauses{"runtime/features/version-order"},
      Needs{Feature::kCommandLine}) {
  const json features = features_of(target());
  EXPECT_LE(Version(features.at("ociVersionMin").get<std::string>()),
            Version(features.at("ociVersionMax").get<std::string>()));
}

TRIAL(Features, AnnotationsAreWords, Clauses{"runtime/features/annotations"},
      Needs{Feature::kCommandLine}) {
  const json annotations = told_at(target(), "/annotations");
  ASSERT_TRUE(annotations.is_object());
  for (const auto& [key, value] : annotations.items()) {
    EXPECT_FALSE(key.empty());
    EXPECT_TRUE(value.is_string()) << key;
  }
}

TRIAL(Features, IdmappedMountsAreTold, Clauses{"runtime/features/idmap-partial"},
      Needs{Feature::kCommandLine, Feature::kIdmappedMounts}) {
  EXPECT_EQ(told_at(target(), "/linux/mountExtensions/idmap/enabled"), true);
}

namespace {

// The properties of the specification, and since when it has them.
const std::map<std::string, const char*> kDefined{
    {"/ociVersionMin", "1.1.0"},
    {"/ociVersionMax", "1.1.0"},
    {"/hooks", "1.1.0"},
    {"/mountOptions", "1.1.0"},
    {"/annotations", "1.1.0"},
    {"/potentiallyUnsafeConfigAnnotations", "1.2.0"},
    {"/linux", "1.1.0"},
    {"/linux/namespaces", "1.1.0"},
    {"/linux/capabilities", "1.1.0"},
    {"/linux/cgroup", "1.1.0"},
    {"/linux/cgroup/v1", "1.1.0"},
    {"/linux/cgroup/v2", "1.1.0"},
    {"/linux/cgroup/systemd", "1.1.0"},
    {"/linux/cgroup/systemdUser", "1.1.0"},
    {"/linux/cgroup/rdma", "1.1.0"},
    {"/linux/seccomp", "1.1.0"},
    {"/linux/seccomp/enabled", "1.1.0"},
    {"/linux/seccomp/actions", "1.1.0"},
    {"/linux/seccomp/operators", "1.1.0"},
    {"/linux/seccomp/archs", "1.1.0"},
    {"/linux/seccomp/knownFlags", "1.1.0"},
    {"/linux/seccomp/supportedFlags", "1.1.0"},
    {"/linux/apparmor", "1.1.0"},
    {"/linux/apparmor/enabled", "1.1.0"},
    {"/linux/selinux", "1.1.0"},
    {"/linux/selinux/enabled", "1.1.0"},
    {"/linux/intelRdt", "1.1.0"},
    {"/linux/intelRdt/enabled", "1.1.0"},
    {"/linux/intelRdt/schemata", "1.3.0"},
    {"/linux/intelRdt/monitoring", "1.3.0"},
    {"/linux/memoryPolicy", "1.3.0"},
    {"/linux/memoryPolicy/modes", "1.3.0"},
    {"/linux/memoryPolicy/flags", "1.3.0"},
    {"/linux/mountExtensions", "1.2.0"},
    {"/linux/mountExtensions/idmap", "1.2.0"},
    {"/linux/mountExtensions/idmap/enabled", "1.2.0"},
    {"/linux/netDevices", "1.3.0"},
    {"/linux/netDevices/enabled", "1.3.0"},
};

void undefined_below(const std::string& path, const json& value, const Version& version,
                     std::vector<std::string>& found) {
  if (!value.is_object() || path == "/annotations") return;  // whose keys are anybody's
  for (const auto& [name, inner] : value.items()) {
    const std::string property = path + "/" + name;
    const auto defined = kDefined.find(property);
    if (defined == kDefined.end() || Version(defined->second) > version) found.push_back(property);
    undefined_below(property, inner, version, found);
  }
}

}  // namespace

// No property but those of the specification, at any depth. The first that knows the document is
// 1.1.0; who declares an older one has it from there.
TRIAL(Features, HaveDefinedPropertiesAlone, Clauses{"runtime/features/only-defined-properties"},
      Needs{Feature::kCommandLine}) {
  const json features = features_of(target());
  std::string version = features.at("ociVersionMax");
  version.resize(std::min(version.find_first_of("-+"), version.size()));
  std::vector<std::string> undefined;
  undefined_below("", features, std::max(Version(version), Version("1.1.0")), undefined);
  EXPECT_THAT(undefined, IsEmpty());
}
