#include "engine/runtime/security_modules.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::runtime {
namespace {

bool is_apparmor_enabled() {
  const std::filesystem::path enabled = "/sys/module/apparmor/parameters/enabled";
  std::error_code absent;
  return std::filesystem::exists(enabled, absent) && read_file(enabled).starts_with('Y');
}

// Not mounted, SELinux is as good as off: libselinux decides the same way.
constexpr const char* kSelinuxContext = "/sys/fs/selinux/context";

void check_selinux_label(std::string_view path, const std::string& label) {
  if (label.empty()) return;
  std::error_code absent;
  if (!std::filesystem::exists(kSelinuxContext, absent)) {
    throw error(Kind::kUnsupported, "{}: {} needs SELinux, which is not enabled on this host", path,
                label);
  }
  const UniqueFd context = open_file(kSelinuxContext, O_RDWR);
  if (::write(context.get(), label.c_str(), label.size() + 1) >= 0) return;
  if (errno != EINVAL) throw sys_error(errno, "{}: ask SELinux about {}", path, label);
  throw error(Kind::kInvalidArgument, "{}: the policy of SELinux has no label {}", path, label);
}

}  // namespace

void check_labels(const spec::Process& process) {
  const std::string& profile = process.apparmor_profile;
  if (!profile.empty() && !is_apparmor_enabled()) {
    throw error(Kind::kUnsupported,
                "process.apparmorProfile: {} needs AppArmor, which is not enabled on this host",
                profile);
  }
  check_selinux_label("process.selinuxLabel", process.selinux_label);
  if (!profile.empty() && !process.selinux_label.empty()) {
    throw error(Kind::kUnsupported,
                "process.selinuxLabel: a process that has an apparmorProfile gets no other label");
  }
}

void check_mount_label(const std::string& label) {
  check_selinux_label("linux.mountLabel", label);
}

}  // namespace seatrial::runtime
