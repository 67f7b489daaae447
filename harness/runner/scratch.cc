#include "harness/runner/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/ledger.h"

namespace seatrial::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunPrefix = "run-";

fs::path base_directory() {
  if (::geteuid() == 0) return "/run/seatrial-trials";
  const char* runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir != nullptr && runtime_dir[0] == '/') {
    return fs::path(runtime_dir) / "seatrial-trials";
  }
  return fmt::format("/tmp/seatrial-trials-{}", ::geteuid());
}

// Ledgers tell what to remove, so nobody else may be able to write them. The last run to end
// removes this directory, so it may be gone again at any time until there is something in it.
fs::path own_base_directory() {
  const fs::path base = base_directory();
  struct stat status{};
  do {
    fs::create_directories(base.parent_path());
    if (::mkdir(base.c_str(), 0700) != 0 && errno != EEXIST) {
      throw sys_error(errno, "create {}", base.native());
    }
  } while (::lstat(base.c_str(), &status) != 0 && errno == ENOENT);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    throw error(Kind::kDenied, "{} must be a directory of this user alone (mode 0700)",
                base.native());
  }
  return base;
}

TempDir new_run_directory() {
  for (;;) {
    try {
      return TempDir(own_base_directory(), "new-");
    } catch (const Error& failure) {
      if (failure.sys_errno() != ENOENT) throw;
    }
  }
}

UniqueFd open_directory(const fs::path& path) {
  return open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Mountpoints of all control group hierarchies that this process sees.
std::set<std::string> hierarchies() {
  std::set<std::string> found;
  std::istringstream mounts(read_file("/proc/self/mounts"));
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string mountpoint;
    std::string type;
    fields >> device >> mountpoint >> type;
    if (type == "cgroup" || type == "cgroup2") found.insert(mountpoint);
  }
  return found;
}

// A path that can only mean something that a case made for itself.
bool is_owned_path(const fs::path& path) {
  if (!path.is_absolute() || path == "/") return false;
  for (const fs::path& part : path) {
    if (part == "..") return false;
  }
  return true;
}

void clean_one(sentinel::LeakKind kind, const fs::path& path, std::vector<std::string>& told) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return;
  sentinel::Leak leak;
  leak.kind = kind;
  leak.id = status.st_ino;
  leak.name = path.native();
  try {
    sentinel::clean(leak);
    told.push_back(fmt::format("{} {} was removed", sentinel::to_string(kind), path.native()));
  } catch (const Error& failure) {
    told.push_back(fmt::format("{} {} was left: {}", sentinel::to_string(kind), path.native(),
                               failure.what()));
  }
}

}  // namespace

Scratch::Scratch() {
  TempDir made = new_run_directory();
  lock_ = open_directory(made.path());
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw sys_error(errno, "lock {}", made.path().native());
  }
  // Under its final name it is never seen without its lock.
  const std::string name = made.path().filename().native();
  path_ = made.path().parent_path() /
          (std::string(kRunPrefix) + name.substr(std::string_view("new-").size()));
  fs::rename(made.path(), path_);
  static_cast<void>(made.release());
}

Scratch::~Scratch() {
  try {
    remove_tree(path_);
  } catch (const Error& failure) {
    fmt::print(stderr, "seatrial: {}\n", failure.what());
  }
  ::rmdir(path_.parent_path().c_str());  // fails while other runs use it, as it should
}

fs::path Scratch::ledger(std::size_t number) const {
  return path_ / fmt::format("ledger-{}", number);
}

std::vector<std::string> clean_killed_runs() {
  std::vector<std::string> told;
  const fs::path base = own_base_directory();
  std::error_code unread;
  const fs::directory_iterator runs(base, unread);
  if (unread && unread != std::errc::no_such_file_or_directory) {
    throw sys_error(unread.value(), "read {}", base.native());
  }
  for (const fs::directory_entry& entry : runs) {
    if (!entry.path().filename().native().starts_with(kRunPrefix)) continue;
    UniqueFd lock;
    try {
      lock = open_directory(entry.path());
    } catch (const Error&) {
      continue;  // that run has just ended
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;  // that run lives
    // It may have ended, and gone, between the two.
    std::error_code failure;
    const fs::directory_iterator files(entry.path(), failure);
    if (failure == std::errc::no_such_file_or_directory) continue;
    if (failure) throw sys_error(failure.value(), "read {}", entry.path().native());
    for (const fs::directory_entry& file : files) {
      if (!file.path().filename().native().starts_with("ledger-")) continue;
      for (std::string& sentence : clean_by_ledger(file.path()))
        told.push_back(std::move(sentence));
    }
    remove_tree(entry.path());
  }
  return told;
}

std::vector<std::string> clean_by_ledger(const fs::path& ledger) {
  std::vector<std::string> told;
  try {
    const sentinel::Owned owned = read_ledger(ledger);
    for (const std::string& parent : owned.cgroup_parents) {
      if (!is_owned_path(parent)) continue;
      for (const std::string& hierarchy : hierarchies()) {
        clean_one(sentinel::LeakKind::kCgroup, hierarchy + parent, told);
      }
    }
    if (is_owned_path(owned.state_root)) {
      clean_one(sentinel::LeakKind::kStateEntry, owned.state_root, told);
    }
  } catch (const Error& failure) {
    told.push_back(fmt::format("a ledger cannot be read: {}", failure.what()));
  }
  std::error_code ignored;
  fs::remove(ledger, ignored);
  return told;
}

}  // namespace seatrial::harness
