#include "engine/security/profile.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <filesystem>

#include "engine/spec/names.h"

namespace seatrial::security {
namespace {

constexpr unsigned kDefaultCapabilities[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,           CAP_FSETID,  CAP_KILL,
    CAP_SETGID, CAP_SETUID,       CAP_SETPCAP,          CAP_NET_RAW, CAP_SYS_CHROOT,
    CAP_MKNOD,  CAP_AUDIT_WRITE,  CAP_NET_BIND_SERVICE, CAP_SETFCAP};

spec::DeviceRule character_device(bool allow, std::int64_t major, std::int64_t minor) {
  return {.allow = allow, .type = 'c', .major = major, .minor = minor};
}

}  // namespace

spec::CapabilitySet default_capabilities() {
  spec::CapabilitySet set = 0;
  for (const unsigned capability : kDefaultCapabilities)
    set |= spec::CapabilitySet{1} << capability;
  return set;
}

spec::CapabilitySet all_capabilities() {
  return (spec::CapabilitySet{1} << spec::capability_count()) - 1;
}

std::vector<std::string> default_masked_paths(std::vector<std::string> thermal_throttle) {
  std::vector<std::string> paths{
      "/proc/acpi",       "/proc/asound",      "/proc/interrupts",
      "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
      "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
  paths.insert(paths.end(), thermal_throttle.begin(), thermal_throttle.end());
  return paths;
}

std::vector<std::string> default_readonly_paths() {
  return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

std::vector<std::string> thermal_throttle_directories() {
  std::vector<std::string> found;
  std::error_code none;
  for (unsigned cpu = 0;; ++cpu) {
    const std::string directory = fmt::format("/sys/devices/system/cpu/cpu{}", cpu);
    if (!std::filesystem::exists(directory, none)) return found;  // numbers have no gaps
    std::string path = directory + "/thermal_throttle";
    if (std::filesystem::exists(path, none)) found.push_back(std::move(path));
  }
}

std::vector<spec::DeviceRule> default_device_rules() {
  return {{.allow = false},
          character_device(true, 1, 3),
          character_device(true, 1, 5),
          character_device(true, 1, 7),
          character_device(true, 1, 8),
          character_device(true, 1, 9),
          character_device(true, 5, 0),
          character_device(true, 5, 1),
          character_device(false, 10, 229)};  // fuse
}

}  // namespace seatrial::security
