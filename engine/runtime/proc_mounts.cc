#include "engine/runtime/proc_mounts.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/runtime/destination.h"

namespace seatrial::runtime {
namespace {

constexpr std::array<std::string_view, 10> kFiles{"/proc/cpuinfo", "/proc/diskstats",
                                                  "/proc/meminfo", "/proc/stat",
                                                  "/proc/swaps",   "/proc/uptime",
                                                  "/proc/loadavg", "/proc/slabinfo",
                                                  "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"};

enum class Source { kProcfsRoot, kInProcfs, kOther, kAbsent };

Source look_at(const std::string& path) {
  constexpr ino_t kRoot = 1;
  struct statfs system{};
  struct stat entry{};
  if (::statfs(path.c_str(), &system) != 0) return Source::kAbsent;
  if (system.f_type != PROC_SUPER_MAGIC) return Source::kOther;
  if (::stat(path.c_str(), &entry) != 0) return Source::kAbsent;
  return entry.st_ino == kRoot ? Source::kProcfsRoot : Source::kInProcfs;
}

bool may_cover_proc(const spec::Mount& mount) {
  if (!mount.options.bind) return mount.type == "proc";
  const Source source = look_at(mount.source);
  return source == Source::kProcfsRoot || source == Source::kAbsent;  // which the bind will tell
}

bool may_be_inside(const spec::Mount& mount, const std::string& path) {
  if (!mount.options.bind || std::ranges::find(kFiles, path) != kFiles.end()) return true;
  return look_at(mount.source) != Source::kOther;
}

}  // namespace

void check_proc_mounts(const spec::Config& config) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const spec::Mount& mount = config.mounts[i];
    if (mount.options.remount) continue;
    const std::string path = normal_destination(mount.destination);
    const char* why = nullptr;
    if (path == "/proc" && !may_cover_proc(mount)) why = "not of type proc";
    if (path.starts_with("/proc/") && !may_be_inside(mount, path)) why = "inside /proc";
    if (why == nullptr) continue;
    throw error(Kind::kInvalidArgument,
                "config.json: mounts[{}].destination: \"{}\" cannot be mounted because it is {}", i,
                mount.destination, why);
  }
}

}  // namespace seatrial::runtime
