#include "engine/image/pack.h"

#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/image/layer_root.h"
#include "engine/image/tree_walk.h"

namespace seatrial::image {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

// The attributes of what `path` names (in procfs), sorted, as overlayfs' own never leave a host.
std::map<std::string, std::string> xattrs_of(const std::string& path, const std::string& shown) {
  std::map<std::string, std::string> result;
  std::string list(1024, '\0');
  ssize_t length = ::llistxattr(path.c_str(), list.data(), list.size());
  if (length < 0 && errno == ERANGE) {
    list.resize(XATTR_LIST_MAX);
    length = ::llistxattr(path.c_str(), list.data(), list.size());
  }
  if (length < 0 && errno == EOPNOTSUPP) return result;
  if (length < 0) throw sys_error(errno, "list the attributes of {}", shown);
  list.resize(static_cast<std::size_t>(length));
  for (std::size_t at = 0; at < list.size();) {
    const std::string name(list.c_str() + at);
    at += name.size() + 1;
    if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) continue;
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;  // gone since, or not for us to read
    value.resize(static_cast<std::size_t>(size));
    result.emplace(name, std::move(value));
  }
  return result;
}

bool is_opaque(int directory) {
  char value = 0;
  return ::fgetxattr(directory, kOpaqueXattr, &value, 1) == 1 && value == 'y';
}

class Packer : public TreeVisitor {
 public:
  Packer(PackForm form, TarWriter& writer, const LeftOut& left_out)
      : form_(form), writer_(writer), left_out_(left_out) {}

  // The walk's root is no part of the archive.
  void directory(int fd, const std::string& prefix, const std::vector<std::string>&) override {
    if (!prefix.empty()) {
      struct stat status{};
      if (::fstat(fd, &status) != 0) throw sys_error(errno, "stat {}", prefix);
      const Entry header = describe(prefix, status);
      add_xattrs(header.get(), fmt::format("/proc/self/fd/{}", fd) + "/.", prefix);
      writer_.add(header.get());
    }
    if (form_ == PackForm::kDiff && is_opaque(fd)) writer_.add_file(prefix + ".wh..wh..opq", "");
  }

  bool entry(int parent, const std::string& name, const std::string& path,
             const struct stat& status) override {
    if (S_ISDIR(status.st_mode)) {
      if (!has(left_out_.contents, path)) return true;
      writer_.add(describe(path + "/", status).get());
      return false;
    }
    if (form_ == PackForm::kDiff && is_whiteout(status)) {
      const std::string prefix = path.substr(0, path.size() - name.size());
      writer_.add_file(fmt::format("{}.wh.{}", prefix, name), "");
      return false;
    }
    if (S_ISSOCK(status.st_mode)) return false;
    if (S_ISREG(status.st_mode) && status.st_size == 0 && has(left_out_.empty_files, path)) {
      return false;
    }
    const Entry header = describe(path, status);
    if (status.st_nlink > 1 && link_to_first(header.get(), path, status)) return false;
    if (S_ISREG(status.st_mode)) {
      file(parent, name, header.get());
      return false;
    }
    if (S_ISLNK(status.st_mode)) set_target(parent, name, header.get());
    add_xattrs(header.get(), fmt::format("/proc/self/fd/{}/{}", parent, name), path);
    writer_.add(header.get());
    return false;
  }

 private:
  static bool has(const std::vector<std::string>& paths, const std::string& path) {
    return std::ranges::find(paths, path) != paths.end();
  }

  void file(int parent, const std::string& name, archive_entry* header) {
    const std::string path = ::archive_entry_pathname(header);
    const UniqueFd fd(::openat(parent, name.c_str(), kOpenFlags));
    struct stat status{};
    if (!fd || ::fstat(fd.get(), &status) != 0) throw sys_error(errno, "open {}", path);
    if (!S_ISREG(status.st_mode)) throw error(Kind::kConflict, "{} changed its type", path);
    ::archive_entry_set_size(header, status.st_size);
    add_xattrs(header, fmt::format("/proc/self/fd/{}/{}", parent, name), path);
    writer_.add(header);
    copy(fd.get(), static_cast<std::uint64_t>(status.st_size), path);
  }

  // Exactly `size` bytes, as the header says: a file that shrinks meanwhile is filled with zeros.
  void copy(int fd, std::uint64_t size, const std::string& path) {
    buffer_.resize(1u << 18);
    while (size > 0) {
      const std::size_t want = std::min<std::uint64_t>(size, buffer_.size());
      ssize_t got = ::read(fd, buffer_.data(), want);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw sys_error(errno, "read {}", path);
      if (got == 0) {
        std::fill_n(buffer_.begin(), want, std::byte{0});
        got = static_cast<ssize_t>(want);
      }
      writer_.data(std::span(buffer_).first(static_cast<std::size_t>(got)));
      size -= static_cast<std::uint64_t>(got);
    }
  }

  static Entry describe(const std::string& path, const struct stat& status) {
    Entry header = new_entry();
    ::archive_entry_set_pathname(header.get(), path.c_str());
    ::archive_entry_set_mode(header.get(), status.st_mode);
    ::archive_entry_set_uid(header.get(), status.st_uid);
    ::archive_entry_set_gid(header.get(), status.st_gid);
    ::archive_entry_set_mtime(header.get(), status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
      ::archive_entry_set_rdevmajor(header.get(), ::major(status.st_rdev));
      ::archive_entry_set_rdevminor(header.get(), ::minor(status.st_rdev));
    }
    return header;
  }

  // The first name of an inode carries the content, the others point to it.
  bool link_to_first(archive_entry* header, const std::string& path, const struct stat& status) {
    const auto [first, is_new] = first_names_.try_emplace({status.st_dev, status.st_ino}, path);
    if (is_new) return false;
    ::archive_entry_set_hardlink(header, first->second.c_str());
    writer_.add(header);
    return true;
  }

  static void set_target(int parent, const std::string& name, archive_entry* header) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(parent, name.c_str(), target.data(), target.size());
    if (length < 0) throw sys_error(errno, "read the link {}", name);
    target.resize(static_cast<std::size_t>(length));
    ::archive_entry_set_symlink(header, target.c_str());
  }

  static void add_xattrs(archive_entry* header, const std::string& path, const std::string& shown) {
    for (const auto& [name, value] : xattrs_of(path, shown)) {
      ::archive_entry_xattr_add_entry(header, name.c_str(), value.data(), value.size());
    }
  }

  PackForm form_;
  TarWriter& writer_;
  const LeftOut& left_out_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
  std::vector<std::byte> buffer_;
};

}  // namespace

void pack(int directory, PackForm form, TarWriter& writer, const LeftOut& left_out) {
  Packer packer(form, writer, left_out);
  walk_tree(directory, packer);
}

void pack_entry(int directory, const std::string& name, TarWriter& writer) {
  const LeftOut nothing;
  Packer packer(PackForm::kTree, writer, nothing);
  walk_entry(directory, name, packer);
}

}  // namespace seatrial::image
