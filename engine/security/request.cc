#include "engine/security/request.h"

#include <linux/mount.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/security/default_seccomp.h"
#include "engine/security/docker_profile.h"
#include "engine/security/profile.h"
#include "engine/spec/names.h"

namespace seatrial::security {
namespace {

constexpr std::size_t kLargestProfile = 4u << 20;

struct NamedCapabilities {
  spec::CapabilitySet set = 0;
  bool all = false;
};

NamedCapabilities read_capabilities(std::string_view option,
                                    const std::vector<std::string>& names) {
  NamedCapabilities result;
  for (const std::string& given : names) {
    std::string name = given;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (name == "ALL" || name == "CAP_ALL") {
      result.all = true;
      continue;
    }
    if (!name.starts_with("CAP_")) name.insert(0, "CAP_");
    const auto number = spec::capability_number(name);
    if (!number) {
      throw error(Kind::kInvalidArgument, "invalid {}: unknown capability: \"{}\"", option, given);
    }
    result.set |= spec::CapabilitySet{1} << *number;
  }
  return result;
}

// The options of --security-opt, read but not yet done.
struct Options {
  bool no_new_privileges = false;
  bool unconfined_paths = false;
  std::string seccomp = {};  // as given; empty: the default
  std::string apparmor = {};
};

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
  throw error(Kind::kInvalidArgument, "invalid --security-opt \"{}\": {}", option, why);
}

bool read_boolean(std::string_view option, std::string_view value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value != "false" && value != "0") refuse(option, "no-new-privileges is true or false");
  return false;
}

void read_option(std::string_view option, Options& options) {
  // '=' first: a profile of JSON text is full of colons.
  const std::size_t equals = option.find('=');
  const std::size_t end = equals != option.npos ? equals : option.find(':');
  const std::string_view key = option.substr(0, end);
  const std::string_view value = end == option.npos ? "" : option.substr(end + 1);
  if (key == "no-new-privileges") {
    options.no_new_privileges = read_boolean(option, value);
  } else if (value.empty()) {
    refuse(option, "it takes KEY=VALUE");
  } else if (key == "seccomp") {
    options.seccomp = value;
  } else if (key == "apparmor") {
    options.apparmor = value;
  } else if (key == "systempaths") {
    if (value != "unconfined") refuse(option, "systempaths can be unconfined");
    options.unconfined_paths = true;
  } else if (key == "label") {
    if (value == "disable") return;
    throw error(Kind::kUnsupported,
                "--security-opt {}: SELinux labels are not supported by this build", option);
  } else {
    refuse(option, "the keys are apparmor, label, no-new-privileges, seccomp, systempaths");
  }
}

Options read_options(const SecurityRequest& request) {
  Options options;
  for (const std::string& option : request.security_opt) read_option(option, options);
  return options;
}

// The profile's text, and what messages call it.
spec::Seccomp read_profile(const std::string& given, spec::CapabilitySet capabilities) {
  const ProfileHost host = profile_host(capabilities);
  if (given.starts_with('{')) {
    return with_context("--security-opt seccomp",
                        [&] { return parse_docker_profile(given, host); });
  }
  return with_context("--security-opt seccomp=" + given, [&] {
    const std::string name = std::filesystem::path(given).filename();
    return parse_docker_profile(read_file(given, kLargestProfile), host, name);
  });
}

std::optional<spec::Seccomp> seccomp_of(const SecurityRequest& request, const Options& options,
                                        spec::CapabilitySet capabilities) {
  if (options.seccomp == "unconfined") return std::nullopt;
  const bool named =
      !options.seccomp.empty() && options.seccomp != "builtin" && options.seccomp != "default";
  if (named) return read_profile(options.seccomp, capabilities);
  // Docker, too: a profile that was named holds even for a privileged container.
  if (request.privileged && options.seccomp.empty()) return std::nullopt;
  return default_seccomp(capabilities);
}

void open_kernel_file_systems(spec::Config& config) {
  for (spec::Mount& mount : config.mounts) {
    if (mount.type != "sysfs" && mount.type != "cgroup" && mount.type != "cgroup2") continue;
    mount.options.attributes_set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    mount.options.recursive_attributes_set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    std::erase_if(mount.raw_options,
                  [](const std::string& option) { return option == "ro" || option == "rro"; });
  }
}

}  // namespace

spec::CapabilitySet capabilities_of(const SecurityRequest& request) {
  const NamedCapabilities add = read_capabilities("--cap-add", request.cap_add);
  const NamedCapabilities drop = read_capabilities("--cap-drop", request.cap_drop);
  if (request.privileged) return all_capabilities();
  if (add.all) return all_capabilities() & ~drop.set;
  if (drop.all) return add.set;
  return (default_capabilities() & ~drop.set) | add.set;
}

void apply(const SecurityRequest& request, spec::Config& config) {
  const Options options = read_options(request);
  const spec::CapabilitySet capabilities = capabilities_of(request);
  std::optional<spec::Seccomp> seccomp = seccomp_of(request, options, capabilities);

  spec::Process& process = config.process.value();
  process.capabilities = spec::Capabilities{.bounding = capabilities};
  if (process.user.uid == 0) {
    process.capabilities->effective = capabilities;
    process.capabilities->permitted = capabilities;
  }
  process.no_new_privileges = options.no_new_privileges;
  process.apparmor_profile = options.apparmor == "unconfined" ? "" : options.apparmor;

  spec::Linux& linux_section = config.linux_;
  linux_section.seccomp = std::move(seccomp);
  const bool open = request.privileged || options.unconfined_paths;
  linux_section.masked_paths =
      open ? std::vector<std::string>{} : default_masked_paths(thermal_throttle_directories());
  linux_section.readonly_paths = open ? std::vector<std::string>{} : default_readonly_paths();
  linux_section.resources.devices =
      request.privileged ? std::vector<spec::DeviceRule>{{.allow = true}} : default_device_rules();
  config.root.readonly = request.read_only;
  if (request.privileged && !request.read_only) open_kernel_file_systems(config);
}

}  // namespace seatrial::security
