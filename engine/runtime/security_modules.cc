#include "engine/runtime/security_modules.h"

#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::runtime {
namespace {

bool is_apparmor_enabled() {
  const std::filesystem::path enabled = "/sys/module/apparmor/parameters/enabled";
  std::error_code absent;
  return std::filesystem::exists(enabled, absent) && read_file(enabled).starts_with('Y');
}

}  // namespace

void check_labels(const spec::Process& process) {
  const std::string& profile = process.apparmor_profile;
  if (profile.empty() || is_apparmor_enabled()) return;
  throw error(Kind::kUnsupported,
              "process.apparmorProfile: {} needs AppArmor, which is not enabled on this host",
              profile);
}

}  // namespace seatrial::runtime
