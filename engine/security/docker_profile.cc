#include "engine/security/docker_profile.h"

#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "engine/spec/json_reader.h"
#include "engine/spec/names.h"
#include "engine/spec/seccomp_reader.h"

namespace seatrial::security {
namespace {

using spec::Reader;

struct Version {
  unsigned major = 0;
  unsigned minor = 0;

  auto operator<=>(const Version&) const = default;
};

// "6.1.0-13-amd64" -> 6.1
std::optional<Version> version_of(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  if (std::from_chars(major.ptr + 1, end, version.minor).ec != std::errc()) return std::nullopt;
  return version;
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

class Parser {
 public:
  Parser(const Reader& root, const ProfileHost& host) : root_(root), host_(host) {}

  spec::Seccomp parse() {
    spec::Seccomp result;
    result.default_action = spec::read_seccomp_action(root_, "defaultAction");
    result.default_errno_ret =
        spec::read_seccomp_errno(root_, "defaultErrnoRet", result.default_action);
    refuse_notify(root_, result.default_action);
    result.architectures = architectures();
    result.flags = spec::read_seccomp_flags(root_);
    if (const auto syscalls = root_.find("syscalls")) {
      for (const Reader& element : syscalls->elements()) {
        spec::SeccompRule rule = parse_rule(element);
        if (applies(element)) result.syscalls.push_back(std::move(rule));
      }
    }
    return result;
  }

 private:
  static void refuse_notify(const Reader& where, spec::SeccompAction action) {
    if (action != spec::SeccompAction::kNotify) return;
    throw error(Kind::kUnsupported, "{}: SCMP_ACT_NOTIFY is not supported by this build",
                where.path().empty() ? "defaultAction" : where.path());
  }

  static std::string architecture(const Reader& name) {
    std::string text = name.string();
    if (!spec::is_seccomp_architecture(text)) {
      name.refuse("is not an architecture of seccomp, as in \"SCMP_ARCH_X86_64\"");
    }
    return text;
  }

  // Either a list, or a map of which the host's own entry counts.
  std::vector<std::string> architectures() const {
    std::vector<std::string> result;
    const auto list = root_.find("architectures");
    const auto map = root_.find("archMap");
    if (list && map && !list->is_trivial() && !map->is_trivial()) {
      list->refuse_whole("is given beside archMap; a profile has one of them");
    }
    if (list) {
      for (const Reader& name : list->elements()) result.push_back(architecture(name));
    }
    if (!map) return result;
    const std::vector<std::string> own = seccomp_architectures(host_.architecture);
    for (const Reader& entry : map->elements()) {
      std::string main = architecture(entry.require("architecture", "an architecture"));
      std::vector<std::string> names;
      if (const auto more = entry.find("subArchitectures")) {
        for (const Reader& name : more->elements()) names.push_back(architecture(name));
      }
      if (own.empty() || own.front() != main) continue;
      result.push_back(std::move(main));
      result.insert(result.end(), names.begin(), names.end());
    }
    return result;
  }

  static std::vector<std::string> names_of(const Reader& rule) {
    const auto names = rule.find("names");
    const auto name = rule.find("name");  // before Docker 1.13
    if (names && name) name->refuse("is given beside names; a rule has one of them");
    if (name) return {name->filled_string()};
    if (!names) rule.refuse_whole("has no names; it must list the system calls that it is for");
    return names->strings();
  }

  static spec::SeccompRule parse_rule(const Reader& element) {
    spec::SeccompRule rule{.names = names_of(element),
                           .action = spec::read_seccomp_action(element, "action")};
    refuse_notify(element, rule.action);
    rule.errno_ret = spec::read_seccomp_errno(element, "errnoRet", rule.action);
    rule.args = spec::read_seccomp_arguments(element);
    return rule;
  }

  bool has_capability(const std::string& name) const {
    const auto number = spec::capability_number(name);
    return number && (host_.capabilities >> *number & 1) != 0;
  }

  // Whether the kernel is at least the one that the filter names, if it names one.
  bool has_kernel(const Reader& filter) const {
    const auto least = filter.find("minKernel");
    if (!least || least->string().empty()) return true;
    const std::optional<Version> wanted = version_of(least->string());
    if (!wanted) least->refuse("is not a kernel version, as in \"4.8\"");
    return Version{host_.kernel_major, host_.kernel_minor} >= *wanted;
  }

  // All of what it includes must be there, and nothing of what it excludes.
  bool applies(const Reader& rule) const {
    bool result = true;
    if (const auto includes = rule.find("includes")) {
      for (const std::string& name : includes->strings_or_none("caps")) {
        result = result && has_capability(name);
      }
      const std::vector<std::string> on = includes->strings_or_none("arches");
      if (!on.empty() && !contains(on, host_.architecture)) result = false;
      if (!has_kernel(*includes)) result = false;
    }
    if (const auto excludes = rule.find("excludes")) {
      for (const std::string& name : excludes->strings_or_none("caps")) {
        result = result && !has_capability(name);
      }
      if (contains(excludes->strings_or_none("arches"), host_.architecture)) result = false;
      if (!excludes->string_or_empty("minKernel").empty() && has_kernel(*excludes)) result = false;
    }
    return result;
  }

  const Reader& root_;
  const ProfileHost& host_;
};

}  // namespace

ProfileHost profile_host(spec::CapabilitySet capabilities) {
  ProfileHost host{.capabilities = capabilities};
  utsname names{};
  ::uname(&names);
  if (const auto version = version_of(names.release)) {
    host.kernel_major = version->major;
    host.kernel_minor = version->minor;
  }
  return host;
}

spec::Seccomp parse_docker_profile(std::string_view json, const ProfileHost& host,
                                   const std::string& name) {
  const spec::Document document(json, name);
  return Parser(Reader(document), host).parse();
}

}  // namespace seatrial::security
