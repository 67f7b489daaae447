#include "engine/core/devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

spec::Device device_of(const struct stat& status, std::string path) {
  return {.type = S_ISBLK(status.st_mode) ? spec::DeviceType::kBlock : spec::DeviceType::kCharacter,
          .path = std::move(path),
          .major = ::major(status.st_rdev),
          .minor = ::minor(status.st_rdev),
          .file_mode = status.st_mode & 07777,
          .uid = status.st_uid,
          .gid = status.st_gid};
}

void add_device(HostDevices& devices, const DeviceMapping& mapping) {
  struct stat status{};
  if (::stat(mapping.path_on_host.c_str(), &status) != 0) {
    throw sys_error(errno, "device {}", mapping.path_on_host);
  }
  if (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "not a device node: {}", mapping.path_on_host);
  }
  if (mapping.permissions.find_first_not_of("rwm") != std::string::npos) {
    throw error(Kind::kInvalidArgument,
                "device {}: \"{}\" is not a permission (letters of r, w, m)", mapping.path_on_host,
                mapping.permissions);
  }
  const spec::Device device = device_of(
      status, mapping.path_in_container.empty() ? mapping.path_on_host : mapping.path_in_container);
  const auto has = [&](char letter) {
    return mapping.permissions.find(letter) != std::string::npos;
  };
  devices.rules.push_back({.allow = true,
                           .type = static_cast<char>(device.type),
                           .major = device.major,
                           .minor = device.minor,
                           .read = has('r'),
                           .write = has('w'),
                           .mknod = has('m')});
  devices.nodes.push_back(device);
}

std::vector<spec::DeviceRate> rates_of(const std::vector<DeviceRate>& devices) {
  std::vector<spec::DeviceRate> rates;
  for (const DeviceRate& device : devices) {
    struct stat status{};
    if (::stat(device.path.c_str(), &status) != 0) throw sys_error(errno, "device {}", device.path);
    if (!S_ISBLK(status.st_mode)) {
      throw error(Kind::kInvalidArgument, "{} is no block device, whose rate could be limited",
                  device.path);
    }
    rates.push_back(
        {.major = ::major(status.st_rdev), .minor = ::minor(status.st_rdev), .rate = device.rate});
  }
  return rates;
}

// Terminals, shared memory and message queues are file systems of the container's own.
bool is_own(const fs::path& path) {
  constexpr std::array<std::string_view, 13> kOwn{"pts",     "shm",     "mqueue", "fd",  "ptmx",
                                                  "null",    "zero",    "full",   "tty", "random",
                                                  "urandom", "console", "stdin"};
  return std::find(kOwn.begin(), kOwn.end(), path.filename().native()) != kOwn.end();
}

// Takes the text up to the next `separator` off the front.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

// "*", any number, is nothing.
bool parse_number(std::string_view text, std::optional<std::int64_t>& number) {
  constexpr std::int64_t kMost = 0xfffff;  // of a minor number, the longer of the two
  if (text == "*") return true;
  std::int64_t value = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return false;
  number = value;
  return value >= 0 && value <= kMost;
}

}  // namespace

std::optional<spec::BlockIoLimits> block_io_of(const ResourceLimits& limits) {
  spec::BlockIoLimits block_io{.read_bps = rates_of(limits.device_read_bps),
                               .write_bps = rates_of(limits.device_write_bps),
                               .read_iops = rates_of(limits.device_read_iops),
                               .write_iops = rates_of(limits.device_write_iops)};
  if (block_io.read_bps.empty() && block_io.write_bps.empty() && block_io.read_iops.empty() &&
      block_io.write_iops.empty()) {
    return std::nullopt;
  }
  return block_io;
}

spec::DeviceRule parse_device_rule(const std::string& text) {
  std::string_view rest = text;
  const std::string_view type = take(rest, ' ');
  const std::string_view major = take(rest, ':');
  const std::string_view minor = take(rest, ' ');
  const std::string_view access = rest;
  spec::DeviceRule rule{.allow = true};
  if (type.size() != 1 || !std::string_view("abc").contains(type[0]) || access.empty() ||
      access.size() > 3 || access.find_first_not_of("rwm") != std::string_view::npos ||
      !parse_number(major, rule.major) || !parse_number(minor, rule.minor)) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a rule for devices, as in \"c 1:3 rwm\"",
                text);
  }
  rule.type = type[0];
  rule.read = access.contains('r');
  rule.write = access.contains('w');
  rule.mknod = access.contains('m');
  return rule;
}

void add_devices(HostDevices& devices, const std::vector<DeviceMapping>& mappings,
                 const std::vector<std::string>& rules) {
  for (const DeviceMapping& mapping : mappings) add_device(devices, mapping);
  for (const std::string& rule : rules) devices.rules.push_back(parse_device_rule(rule));
}

HostDevices all_host_devices() {
  HostDevices devices;
  std::error_code ignored;  // what goes away meanwhile
  auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator("/dev", options, ignored);
       at != fs::recursive_directory_iterator(); at.increment(ignored)) {
    if (is_own(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    struct stat status{};
    if (::lstat(at->path().c_str(), &status) != 0) continue;
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
      devices.nodes.push_back(device_of(status, at->path()));
    }
  }
  return devices;
}

}  // namespace seatrial::core
