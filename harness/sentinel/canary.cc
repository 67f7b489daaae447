#include "harness/sentinel/canary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAttribute = "trusted.seatrial";

struct Entry {
  struct stat status{};
  std::string content;  // of a file; target of a link
  std::map<std::string, std::string> attributes;
};

std::string random_word() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}", source(), source());
}

std::string target_of(const fs::path& path) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) throw sys_error(errno, "read the link {}", path.native());
  target.resize(static_cast<std::size_t>(length));
  return target;
}

std::map<std::string, std::string> attributes_of(const fs::path& path) {
  std::map<std::string, std::string> attributes;
  std::string names(64 << 10, '\0');
  const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  if (length < 0 && errno == ENOTSUP) return attributes;
  if (length < 0) throw sys_error(errno, "list the attributes of {}", path.native());
  std::string_view rest(names.data(), static_cast<std::size_t>(length));
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(name.size() + 1);
    std::string value(64 << 10, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    attributes[name] = value;
  }
  return attributes;
}

Entry look_at(const fs::path& path) {
  Entry entry;
  if (::lstat(path.c_str(), &entry.status) != 0) throw sys_error(errno, "stat {}", path.native());
  if (S_ISREG(entry.status.st_mode)) entry.content = read_file(path);
  if (S_ISLNK(entry.status.st_mode)) entry.content = target_of(path);
  entry.attributes = attributes_of(path);
  return entry;
}

bool is_beneath(const std::string& path, const fs::path& directory) {
  return path == directory || path.starts_with(directory.native() + "/");
}

bool same_time(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

// The aspects in which they differ: "content", "mode", ...
std::vector<std::string> differences(const Entry& before, const Entry& after) {
  const struct stat& was = before.status;
  const struct stat& is = after.status;
  const std::pair<const char*, bool> aspects[] = {
      {"content", before.content == after.content},
      {"type", (was.st_mode & S_IFMT) == (is.st_mode & S_IFMT)},
      {"mode", (was.st_mode & 07777) == (is.st_mode & 07777)},
      {"owner", was.st_uid == is.st_uid && was.st_gid == is.st_gid},
      {"inode", was.st_ino == is.st_ino && was.st_dev == is.st_dev},
      {"number of links", was.st_nlink == is.st_nlink},
      {"extended attributes", before.attributes == after.attributes},
      {"time of modification", same_time(was.st_mtim, is.st_mtim)},
      // Moves with each of the above, and nobody can set it: what was put back shows here.
      {"time of change", same_time(was.st_ctim, is.st_ctim)}};
  std::vector<std::string> found;
  for (const auto& [aspect, same] : aspects) {
    if (!same) found.emplace_back(aspect);
  }
  return found;
}

}  // namespace

struct CanaryFacts {
  std::map<std::string, Entry> entries;  // by path
  std::vector<MountFact> mounts;
};

namespace {

CanaryFacts look(const fs::path& directory) {
  CanaryFacts facts;
  for (MountFact& mount : read_mounts()) {
    if (is_beneath(mount.mountpoint, directory)) facts.mounts.push_back(std::move(mount));
  }
  std::error_code absent;
  if (!fs::exists(fs::symlink_status(directory, absent))) return facts;
  facts.entries[directory] = look_at(directory);
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    facts.entries[entry.path()] = look_at(entry.path());
  }
  return facts;
}

void make_file(const fs::path& path, const std::string& content, unsigned mode) {
  write_file_atomically(path, content, mode);
  if (::lsetxattr(path.c_str(), kAttribute, "kept", 4, 0) != 0 && errno != ENOTSUP &&
      errno != EPERM) {  // only the machine's root has trusted ones
    throw sys_error(errno, "set an attribute of {}", path.native());
  }
}

}  // namespace

Canary::Canary(const fs::path& parent)
    : directory_(parent / ("canary-" + random_word())), secret_("secret-" + random_word()) {
  fs::create_directory(directory_);
  fs::create_directory(inner());
  fs::create_directory(directory_ / "empty");
  make_file(file(), secret_ + "\n", 0600);
  make_file(program(), "#!/bin/false\n# " + secret_ + "\n", 0755);
  make_file(inner() / "file", "inner " + secret_ + "\n", 0640);
  fs::create_symlink("file", link());
  fs::permissions(inner(), fs::perms::owner_all);
  if (::lchown((inner() / "file").c_str(), 1234, 4321) != 0 && ::geteuid() == 0) {
    throw sys_error(errno, "chown {}", (inner() / "file").native());
  }
  facts_ = std::make_shared<const CanaryFacts>(look(directory_));
}

std::vector<std::string> Canary::tampering() const {
  const CanaryFacts now = look(directory_);
  std::vector<std::string> sentences;
  for (const auto& [path, was] : facts_->entries) {
    const auto is = now.entries.find(path);
    if (is == now.entries.end()) {
      sentences.push_back(fmt::format("{} was removed", path));
      continue;
    }
    const std::vector<std::string> changed = differences(was, is->second);
    if (changed.empty()) continue;
    sentences.push_back(fmt::format("{} was changed: {}", path, fmt::join(changed, ", ")));
  }
  for (const auto& [path, entry] : now.entries) {
    if (!facts_->entries.contains(path)) sentences.push_back(fmt::format("{} was made", path));
  }
  for (const MountFact& mount : now.mounts) {
    const bool known = std::ranges::any_of(facts_->mounts, [&](const MountFact& each) {
      return each.id == mount.id && each == mount;
    });
    if (!known) {
      sentences.push_back(
          fmt::format("{} of {} was mounted on {}", mount.type, mount.source, mount.mountpoint));
    }
  }
  return sentences;
}

}  // namespace seatrial::sentinel
