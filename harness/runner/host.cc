#include "harness/runner/host.h"

#include <fmt/chrono.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::harness {
namespace {

bool is_cgroup2(const char* path) {
  struct statfs status{};
  return ::statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

std::string cgroup_layout() {
  if (is_cgroup2("/sys/fs/cgroup")) return "v2";
  const bool v1 = read_file("/proc/self/mounts").find(" cgroup rw") != std::string::npos ||
                  read_file("/proc/self/mounts").find(" cgroup ro") != std::string::npos;
  if (is_cgroup2("/sys/fs/cgroup/unified")) return v1 ? "hybrid" : "v2";
  return v1 ? "v1" : "none";
}

// The value of PRETTY_NAME in os-release(5), without its quotes.
std::string os_name() {
  try {
    std::istringstream lines(read_file("/etc/os-release"));
    constexpr std::string_view kKey = "PRETTY_NAME=";
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(kKey)) continue;
      const std::string value = line.substr(kKey.size());
      if (value.size() < 2 || value.front() != '"') return value;
      return value.substr(1, value.size() - 2);
    }
  } catch (const Error&) {
    // A root without os-release has no name.
  }
  return "";
}

std::string security_modules() {
  try {
    return read_file("/sys/kernel/security/lsm");
  } catch (const Error&) {
    return "";  // securityfs is not mounted
  }
}

}  // namespace

HostInfo host_info() {
  utsname names{};
  ::uname(&names);
  return {.kernel = names.release,
          .machine = names.machine,
          .os = os_name(),
          .cgroup = cgroup_layout(),
          .lsm = security_modules(),
          .cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)),
          .started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))};
}

}  // namespace seatrial::harness
