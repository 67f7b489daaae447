#include "engine/runtime/state_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/container_id.h"

namespace seatrial::runtime {
namespace {

constexpr const char* kRecord = "record.jsonl";
constexpr const char* kConfig = "config.json";

std::string read_at(int directory, const char* name, const std::string& id) {
  const UniqueFd fd(::openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open {} of container {}", name, id);
  return read_all(fd.get(), name);
}

UniqueFd open_directory(int root, const std::string& id) {
  return UniqueFd(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool lock_directory(int fd, int operation) {
  while (::flock(fd, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw sys_error(errno, "lock a state directory");
  }
  return true;
}

void make_root(const std::filesystem::path& path) {
  if (path.empty()) throw error(Kind::kInvalidArgument, "the path of the state root is empty");
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw sys_error(errno, "create the state root {}", path.native());
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) {
    throw sys_error(failure.value(), "create the state root {}", path.native());
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw sys_error(errno, "create the state root {}", path.native());
  }
}

}  // namespace

void publish_file(int directory, const std::string& name, std::string_view content, unsigned mode) {
  const std::string temporary = fmt::format(".{}.{}.new", name, ::gettid());
  const UniqueFd fd(
      ::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) throw sys_error(errno, "create {}", temporary);
  try {
    write_all(fd.get(), content, name);
    if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
      throw sys_error(errno, "rename {} to {}", temporary, name);
    }
  } catch (...) {
    ::unlinkat(directory, temporary.c_str(), 0);
    throw;
  }
}

// A line without its end is one whose writer was killed, or is still at it.
Record StateDirectory::read_record() const {
  return with_context("container " + id_, [this] {
    const std::string text = read_at(get(), kRecord, id_);
    const std::string_view whole = std::string_view(text).substr(0, text.rfind('\n') + 1);
    if (whole.empty()) throw error(Kind::kNotFound, "its state is not written yet");
    const std::string_view lines = whole.substr(0, whole.size() - 1);
    const std::string_view line = lines.substr(lines.rfind('\n') + 1);
    std::optional<Record> known = last_->find(line);
    return known ? *std::move(known) : parse_record(line);
  });
}

// Not a temporary file and a rename over the old one: ext4 then allocates the blocks at once, which
// costs a third of a millisecond; an appended file that is soon deleted never gets any.
void StateDirectory::write_record(const Record& record) const {
  const UniqueFd fd(
      ::openat(get(), kRecord, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) throw sys_error(errno, "open {} of container {}", kRecord, id_);
  std::string line = print_record(record);
  line += '\n';
  write_all(fd.get(), line, fmt::format("the state of container {}", id_));
  line.pop_back();
  last_->keep(std::move(line), record);
}

std::string StateDirectory::read_config() const {
  return read_at(get(), kConfig, id_);
}

void StateDirectory::write_config(std::string_view text) const {
  const UniqueFd fd(::openat(get(), kConfig, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) throw sys_error(errno, "create {} of container {}", kConfig, id_);
  write_all(fd.get(), text, fmt::format("the state of container {}", id_));
}

bool StateDirectory::has_start_socket() const {
  return ::faccessat(get(), kStartSocket, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void StateDirectory::remove_start_socket() const {
  if (::unlinkat(get(), kStartSocket, 0) != 0 && errno != ENOENT) {
    throw sys_error(errno, "remove {} of container {}", kStartSocket, id_);
  }
}

void LastRecord::keep(std::string line, Record record) {
  const std::lock_guard lock(mutex_);
  line_ = std::move(line);
  record_ = std::move(record);
}

std::optional<Record> LastRecord::find(std::string_view line) const {
  const std::lock_guard lock(mutex_);
  if (line != line_) return std::nullopt;
  return record_;
}

StateRoot::StateRoot(std::filesystem::path path) : path_(std::move(path)) {
  make_root(path_);
  fd_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_) throw sys_error(errno, "open the state root {}", path_.native());
}

StateDirectory StateRoot::create(const std::string& id) const {
  check_container_id(id);
  if (::mkdirat(fd_.get(), id.c_str(), 0700) != 0) {
    if (errno == EEXIST) throw error(Kind::kConflict, "container {} already exists", id);
    throw sys_error(errno, "create the state directory {}/{}", path_.native(), id);
  }
  StateDirectory directory(id, open_directory(fd_.get(), id), *last_);
  // Between mkdir and flock somebody may have taken the empty directory for a leftover.
  if (directory.get() < 0 || !lock_directory(directory.get(), LOCK_EX | LOCK_NB) ||
      !is_current(directory)) {
    throw error(Kind::kConflict, "container {} is being deleted by another command", id);
  }
  return directory;
}

StateDirectory StateRoot::open(const std::string& id) const {
  check_container_id(id);
  StateDirectory directory(id, open_directory(fd_.get(), id), *last_);
  if (directory.get() >= 0) return directory;
  if (errno == ENOENT) throw error(Kind::kNotFound, "container {} does not exist", id);
  throw sys_error(errno, "open the state directory {}/{}", path_.native(), id);
}

StateDirectory StateRoot::lock(const std::string& id, Lock kind) const {
  for (;;) {
    StateDirectory directory = open(id);
    lock_directory(directory.get(), kind == Lock::kShared ? LOCK_SH : LOCK_EX);
    if (is_current(directory)) return directory;  // else it was deleted while we waited
  }
}

std::optional<StateDirectory> StateRoot::try_lock(const std::string& id) const {
  StateDirectory directory(id, open_directory(fd_.get(), id), *last_);
  if (directory.get() < 0 || !lock_directory(directory.get(), LOCK_EX | LOCK_NB) ||
      !is_current(directory)) {
    return std::nullopt;
  }
  return directory;
}

bool StateRoot::is_current(const StateDirectory& directory) const {
  struct stat held{};
  struct stat named{};
  return ::fstat(directory.get(), &held) == 0 &&
         ::fstatat(fd_.get(), directory.id().c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

void StateRoot::remove(const StateDirectory& directory) const {
  const auto flat = {kStartSocket, kConfig, kRecord};  // the record goes last
  for (const char* name : flat) ::unlinkat(directory.get(), name, 0);
  if (::unlinkat(fd_.get(), directory.id().c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  remove_tree(path_ / directory.id());  // a temporary file of a write that was killed
}

std::vector<std::string> StateRoot::ids() const {
  const int again = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again), &::closedir);
  if (!stream) throw sys_error(errno, "list the state root {}", path_.native());
  std::vector<std::string> result;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_type != DT_REG && is_container_id(entry->d_name)) {
      result.emplace_back(entry->d_name);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace seatrial::runtime
