#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "harness/cli/verbs.h"
#include "harness/report/style.h"
#include "harness/runner/host.h"
#include "harness/runner/targets.h"

namespace seatrial::cli {
namespace {

// Something that a host may lack, and what is lost then.
struct Want {
  std::string_view name;
  bool there;
  std::string_view cost;
};

// Called with nonsense, a system call that the kernel knows complains about the nonsense. A sandbox
// that filters it may answer EPERM: that is lacking, too.
bool has_call(long number) {
  errno = 0;
  const long result = ::syscall(number, -1L, nullptr, 0, 0, 0, 0);
  if (result >= 0) {
    ::close(static_cast<int>(result));
    return true;
  }
  return errno != ENOSYS && errno != EPERM;
}

bool exists(const char* path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::vector<Want> wants(const harness::HostInfo& host) {
  const auto module = [&](std::string_view name) {
    return host.lsm.find(name) != std::string::npos;
  };
  return {
      {"root", ::geteuid() == 0, "nearly every case needs it; most will be skipped"},
      {"openat2", has_call(SYS_openat2), "the reference engine cannot resolve paths safely"},
      {"clone3", has_call(SYS_clone3), "the reference engine cannot start containers"},
      {"fsopen and move_mount", has_call(SYS_fsopen) && has_call(SYS_move_mount),
       "the reference engine cannot mount"},
      {"mount_setattr", has_call(SYS_mount_setattr),
       "recursive mount options and id-mapped mounts are not applicable"},
      {"control groups", host.cgroup != "none", "cases about resource limits are skipped"},
      {"overlayfs", exists("/sys/module/overlay") || exists("/proc/fs/overlayfs"),
       "images cannot be unpacked in layers"},
      {"user namespaces", exists("/proc/self/ns/user"), "cases about id mappings are skipped"},
      {"time namespaces", exists("/proc/self/ns/time"), "cases about them are not applicable"},
      {"seccomp", exists("/proc/sys/kernel/seccomp"), "cases about it are not applicable"},
      {"AppArmor", module("apparmor"), "cases about it are not applicable"},
      {"SELinux", module("selinux"), "cases about it are not applicable"},
  };
}

}  // namespace

int check() {
  const harness::Style style = harness::style_of(STDOUT_FILENO);
  const harness::HostInfo host = harness::host_info();
  fmt::print("Linux {} on {}, {}, control groups: {}\n\n", host.kernel, host.machine,
             host.os.empty() ? "an unnamed system" : host.os, host.cgroup);
  for (const Want& want : wants(host)) {
    if (want.there) {
      fmt::print("{} {}\n", style.paint(harness::Colour::kGreen, "✓"), want.name);
    } else {
      fmt::print("{} {}: {}\n", style.paint(harness::Colour::kYellow, "–"), want.name, want.cost);
    }
  }
  fmt::print("\nTargets without --target:\n");
  for (const std::string& target : harness::known_targets()) fmt::print("  {}\n", target);
  return kAllKept;
}

}  // namespace seatrial::cli
