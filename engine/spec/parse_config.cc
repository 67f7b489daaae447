#include "engine/spec/parse_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/spec/parse_sections.h"
#include "engine/spec/version.h"

namespace seatrial::spec {
namespace {

// sethostname(2) and setdomainname(2): __NEW_UTS_LEN.
constexpr std::size_t kLongestHostname = 64;

// hostname and domainname: both live in the UTS namespace.
std::string parse_uts_name(const Reader& root, std::string_view key, const Config& config) {
  const std::optional<Reader> member = root.find(key);
  if (!member) return {};
  std::string name = member->string();
  if (name.size() > kLongestHostname) {
    member->refuse(fmt::format("is {} bytes long; the kernel takes at most {}", name.size(),
                               kLongestHostname));
  }
  if (!name.empty() && config.find_namespace(NamespaceType::kUts) == nullptr) {
    member->refuse("needs a namespace of type uts in linux.namespaces");
  }
  return name;
}

std::map<std::string, std::string> parse_annotations(const Reader& annotations) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : annotations.members()) {
    if (key.empty()) value.refuse_whole("the key is empty; an annotation needs a name");
    result.emplace_hint(result.end(), key, value.string());
  }
  return result;
}

Config parse_whole(std::string_view json, const ParseContext& context) {
  const Document document(json, "config.json");
  const Reader root(document);
  Config config;
  config.oci_version = parse_version(
      root.require("ociVersion", "the version of the specification, as in \"1.3.0\""));

  const Reader filesystem = root.require("root", "an object with the path of the root file system");
  config.root.path = filesystem.require("path", "the path of the root file system").filled_string();
  config.root.readonly = filesystem.boolean_or_false("readonly");

  if (const auto section = root.find("linux")) {
    config.linux_ = parse_linux(*section);
    auto& limit = config.linux_.resources.pids_limit;
    if (limit == 0 && !is_1_3_or_later(config.oci_version)) limit.reset();
  }
  config.hostname = parse_uts_name(root, "hostname", config);
  config.domainname = parse_uts_name(root, "domainname", config);
  if (const auto mounts = root.find("mounts")) {
    const bool has_user_namespace = config.find_namespace(NamespaceType::kUser) != nullptr;
    config.mounts =
        parse_mounts(*mounts, {.bundle = context.bundle, .has_user_namespace = has_user_namespace});
  }
  if (const auto process = root.find("process")) {
    config.process = parse_process(*process);
  }
  if (const auto hooks = root.find("hooks")) config.hooks = parse_hooks(*hooks);
  if (const auto annotations = root.find("annotations")) {
    config.annotations = parse_annotations(*annotations);
  }
  return config;
}

// Nothing where the profile is not the known one, and where there is something to refuse: the
// sentence is to have the lines and columns of the whole text.
std::optional<Config> parse_without_profile(std::string_view json, const ParseContext& context) {
  auto cut = context.known_seccomp->cut_from(json);
  if (!cut) return std::nullopt;
  try {
    Config config = parse_whole(cut->json, context);
    config.linux_.seccomp = std::move(cut->profile);
    return config;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Config parse_config(std::string_view json, const ParseContext& context) {
  if (context.known_seccomp == nullptr) return parse_whole(json, context);
  if (auto config = parse_without_profile(json, context)) return std::move(*config);
  Config config = parse_whole(json, context);
  if (config.linux_.seccomp) context.known_seccomp->remember(json, *config.linux_.seccomp);
  return config;
}

Process parse_process(std::string_view json) {
  const Document document(json, "process");
  return parse_process(Reader(document));
}

Resources parse_resources(std::string_view json) {
  const Document document(json, "resources");
  if (document.root().is_null()) return {};
  return parse_resources(Reader(document));
}

IntelRdt parse_intel_rdt(std::string_view json) {
  const Document document(json, "intelRdt");
  return parse_intel_rdt(Reader(document));
}

}  // namespace seatrial::spec
