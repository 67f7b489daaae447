// Directory trees: cgroups and state roots.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {
namespace {

bool is_gone(int failure) {
  return failure == ENOENT || failure == ENODEV || failure == ESRCH;
}

// Calls visit(name, is_directory) for each entry. An absent directory has none.
void list(const std::string& path, const std::function<void(const std::string&, bool)>& visit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (is_gone(errno) || errno == ENOTDIR)) return;
  if (!fd) throw sys_error(errno, "list {}", path);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
  if (!stream) throw sys_error(errno, "list {}", path);
  static_cast<void>(fd.release());  // the stream closes it
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") visit(name, entry->d_type == DT_DIR);
  }
}

std::vector<int> pids_of(const std::string& cgroup) {
  std::string text;
  try {
    text = read_file(cgroup + "/cgroup.procs");
  } catch (const Error& failure) {
    // EOPNOTSUPP: a threaded cgroup of v2.
    if (!is_gone(failure.sys_errno()) && failure.sys_errno() != EOPNOTSUPP) throw;
  }
  std::vector<int> pids;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int pid = 0; at < end;) {
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec != std::errc()) break;
    pids.push_back(pid);
    at = parsed.ptr + 1;
  }
  return pids;
}

void walk_cgroups(const std::string& mountpoint, const std::string& path,
                  std::vector<CgroupFact>& found) {
  const std::string host_path = mountpoint + path;
  struct stat status{};
  if (::lstat(host_path.c_str(), &status) != 0) {
    if (is_gone(errno)) return;
    throw sys_error(errno, "stat {}", host_path);
  }
  found.push_back({mountpoint, path.empty() ? "/" : path, status.st_ino, pids_of(host_path)});
  // cgroupfs keeps the link count of directories: two, and one for each directory below.
  if (status.st_nlink == 2) return;
  list(host_path, [&](const std::string& name, bool is_directory) {
    if (is_directory) walk_cgroups(mountpoint, path + "/" + name, found);
  });
}

void walk_entries(const std::string& directory, dev_t device, std::vector<EntryFact>& found) {
  list(directory, [&](const std::string& name, bool) {
    const std::string path = directory + "/" + name;
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return;
    const bool covered = status.st_dev != device;
    found.push_back({path, covered ? 0 : status.st_ino});
    if (S_ISDIR(status.st_mode) && !covered) walk_entries(path, device, found);
  });
}

}  // namespace

std::vector<CgroupFact> read_cgroups(const std::string& mountpoint, const std::string& top) {
  std::vector<CgroupFact> found;
  walk_cgroups(mountpoint, top == "/" ? "" : top, found);
  return found;
}

std::vector<EntryFact> read_entries(const std::filesystem::path& directory) {
  std::vector<EntryFact> found;
  struct stat status{};
  if (::stat(directory.c_str(), &status) != 0) return found;
  walk_entries(directory.native(), status.st_dev, found);
  return found;
}

}  // namespace seatrial::sentinel
