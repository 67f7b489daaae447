#include "engine/image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cerrno>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/hasher.h"
#include "engine/image/layer_root.h"
#include "engine/image/tar_stream.h"
#include "engine/spec/json_document.h"
#include "engine/sys/openat2.h"

namespace seatrial::image {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kWhiteoutMeta = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

Times times_of(archive_entry* entry) {
  const timespec modified{::archive_entry_mtime(entry), ::archive_entry_mtime_nsec(entry)};
  if (::archive_entry_atime_is_set(entry) == 0) return {{modified, modified}};
  return {{{::archive_entry_atime(entry), ::archive_entry_atime_nsec(entry)}, modified}};
}

unsigned id_of(la_int64_t id, std::string_view what) {
  constexpr la_int64_t kMost = 0xFFFFFFFE;  // (uid_t)-1 means "leave it" to chown(2)
  if (id < 0 || id > kMost) {
    throw error(Kind::kInvalidArgument, "{} {} is not from 0 to {}", what, id, kMost);
  }
  return static_cast<unsigned>(id);
}

bool belongs_to_overlayfs(std::string_view xattr) {
  return xattr.starts_with("trusted.overlay.") || xattr.starts_with("user.overlay.");
}

// Whether .wh.NAME is a whiteout, as in layers, or a name like any other.
enum class Whiteouts { kHide, kAreNames };

class Unpacker {
 public:
  Unpacker(std::unique_ptr<Stream> source, int directory, Whiteouts whiteouts,
           const UnpackLimits& limits, const std::function<void(std::uint64_t)>& progress)
      : root_(directory),
        whiteouts_(whiteouts),
        limits_(limits),
        progress_(progress),
        reader_(std::move(source), [this](std::span<const std::byte> bytes) { count(bytes); }) {}

  UnpackResult run() {
    while (archive_entry* entry = reader_.next()) {
      if (++result_.entries > limits_.entries) {
        throw error(Kind::kExhausted, "the layer has more than {} entries", limits_.entries);
      }
      const char* name = ::archive_entry_pathname(entry);
      if (name == nullptr) throw error(Kind::kInvalidArgument, "an entry has no readable name");
      try {
        place(entry, layer_path(name));
      } catch (Error& failure) {
        failure.add_context(fmt::format("layer entry {}", spec::shown_text(name)));
        throw;
      }
    }
    reader_.drain();
    root_.times().apply();
    result_.diff_id = hasher_.finish();
    return result_;
  }

 private:
  void count(std::span<const std::byte> bytes) {
    hasher_.update(bytes);
    result_.bytes += bytes.size();
    if (result_.bytes > limits_.bytes) {
      throw error(Kind::kExhausted, "the layer is larger than {} bytes", limits_.bytes);
    }
    if (progress_) progress_(result_.bytes);
  }

  void place(archive_entry* entry, const std::string& path) {
    const auto [parent, base] = split_path(path);
    if (whiteouts_ == Whiteouts::kHide) {
      if (parent.starts_with(kWhiteout) || parent.find("/.wh.") != parent.npos) {
        throw error(Kind::kInvalidArgument, "it lies below a whiteout");
      }
      if (base.starts_with(kWhiteout)) return place_whiteout(parent, base);
    }
    if (path.empty()) return place_root(entry);
    if (const char* target = ::archive_entry_hardlink(entry)) {
      return place_hard_link(layer_path(target), path);
    }
    switch (::archive_entry_filetype(entry)) {
      case AE_IFREG:
        return place_file(entry, path);
      case AE_IFDIR:
        return place_directory(entry, path);
      case AE_IFLNK:
      case AE_IFCHR:
      case AE_IFBLK:
      case AE_IFIFO:
        return place_node(entry, path);
      default:
        throw error(Kind::kInvalidArgument, "its type is none that a layer may have");
    }
  }

  void place_root(archive_entry* entry) {
    if (::archive_entry_hardlink(entry) != nullptr || ::archive_entry_filetype(entry) != AE_IFDIR) {
      throw error(Kind::kInvalidArgument, "the root of a layer is a directory");
    }
    apply(entry, root_.fd());
    root_.times().set(root_.fd(), "", times_of(entry));
  }

  // A whiteout hides what lower layers have, never what this one has (layer.md, "Whiteouts").
  void place_whiteout(const std::string& parent, const std::string& base) {
    const bool is_opaque = base == kOpaque;
    if (!is_opaque && base.starts_with(kWhiteoutMeta)) return;  // other marks of aufs
    const std::string hidden = base.substr(kWhiteout.size());
    if (hidden.empty() || hidden == "." || hidden == "..") {
      throw error(Kind::kInvalidArgument, "the whiteout names no entry");
    }
    const int directory = root_.parent(parent, LayerRoot::Links::kRefuse);
    struct stat there{};
    if (is_opaque) {
      make_opaque(directory, ".");
    } else if (!root_.status(directory, hidden, there)) {
      if (::mknodat(directory, hidden.c_str(), S_IFCHR, ::makedev(0, 0)) != 0) {
        throw sys_error(errno, "make a whiteout");
      }
    } else if (S_ISDIR(there.st_mode)) {
      make_opaque(directory, hidden);
    }
  }

  static void make_opaque(int parent, const std::string& base) {
    const UniqueFd fd(
        ::openat(parent, base.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) throw sys_error(errno, "open {}", spec::shown_text(base));
    LayerRoot::make_opaque(fd.get());
  }

  void place_file(archive_entry* entry, const std::string& path) {
    const auto [parent, base] = split_path(path);
    const int directory = root_.parent(parent);
    const auto create = [&, &name = base] {
      constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      return UniqueFd(::openat(directory, name.c_str(), kFlags, 0600));
    };
    UniqueFd fd = create();
    if (!fd && errno == EEXIST) {
      root_.clear(directory, base);
      return place_file(entry, path);
    }
    if (!fd) throw sys_error(errno, "create the file");
    write_content(entry, fd.get());
    apply(entry, fd.get());
    const Times times = times_of(entry);
    if (::futimens(fd.get(), times.value) != 0) throw sys_error(errno, "set its times");
  }

  void write_content(archive_entry* entry, int fd) {
    std::span<const std::byte> bytes;
    std::uint64_t offset = 0;
    std::uint64_t written = 0;  // where the descriptor stands
    while (reader_.next_data(bytes, offset)) {
      if (offset != written && ::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) {
        throw sys_error(errno, "leave a hole");
      }
      write_all(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "it");
      written = offset + bytes.size();
      result_.content += bytes.size();
    }
    const la_int64_t size = ::archive_entry_size(entry);
    if (size > 0 && static_cast<std::uint64_t>(size) > written && ::ftruncate(fd, size) != 0) {
      throw sys_error(errno, "end with a hole");
    }
  }

  void place_directory(archive_entry* entry, const std::string& path) {
    const auto [parent, base] = split_path(path);
    const int directory = root_.parent(parent);
    struct stat there{};
    bool hides = false;
    if (::mkdirat(directory, base.c_str(), 0700) != 0) {
      if (errno != EEXIST || !root_.status(directory, base, there)) {
        throw sys_error(errno, "create the directory");
      }
      if (!S_ISDIR(there.st_mode)) {
        hides = is_whiteout(there);
        root_.clear(directory, base);
        if (::mkdirat(directory, base.c_str(), 0700) != 0) {
          throw sys_error(errno, "create the directory");
        }
      }
    }
    const UniqueFd fd(
        ::openat(directory, base.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) throw sys_error(errno, "open the directory");
    if (hides) LayerRoot::make_opaque(fd.get());
    apply(entry, fd.get());
    root_.times().set(fd.get(), path, times_of(entry));
  }

  void place_hard_link(const std::string& target, const std::string& path) {
    const auto [target_parent, target_base] = split_path(target);
    const UniqueFd from =
        target_parent.empty()
            ? UniqueFd(::fcntl(root_.fd(), F_DUPFD_CLOEXEC, 0))
            : sys::openat2(root_.fd(), target_parent.c_str(), O_PATH | O_DIRECTORY,
                           RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    struct stat there{};
    if (!from || target_base.empty() || !root_.status(from.get(), target_base, there) ||
        S_ISDIR(there.st_mode) || is_whiteout(there)) {
      throw error(Kind::kInvalidArgument,
                  "it is a hard link to {}, which is no file of the layer at that place",
                  spec::shown_text(target));
    }
    if (target == path) return;
    const auto [parent, base] = split_path(path);
    const int directory = root_.parent(parent);
    // Without AT_SYMLINK_FOLLOW: a link to a symbolic link is one more name of that link, and the
    // entry's owner and mode are not applied, which would reach the link's target (CVE-2021-32760).
    const auto link = [&, &new_name = base, &old_name = target_base] {
      return ::linkat(from.get(), old_name.c_str(), directory, new_name.c_str(), 0);
    };
    if (link() == 0) return;
    if (errno == EEXIST) root_.clear(directory, base);
    if (::linkat(from.get(), target_base.c_str(), root_.parent(parent), base.c_str(), 0) != 0) {
      throw sys_error(errno, "make the hard link");
    }
  }

  void place_node(archive_entry* entry, const std::string& path) {
    const auto [parent, base] = split_path(path);
    const int directory = root_.parent(parent);
    const mode_t type = ::archive_entry_filetype(entry);
    const bool is_device = type == AE_IFCHR || type == AE_IFBLK;
    const dev_t device = is_device
                             ? ::makedev(static_cast<unsigned>(::archive_entry_rdevmajor(entry)),
                                         static_cast<unsigned>(::archive_entry_rdevminor(entry)))
                             : 0;
    if (type == AE_IFCHR && device == 0) {
      throw error(Kind::kInvalidArgument,
                  "character device 0:0 is overlayfs' whiteout; a layer writes .wh.NAME");
    }
    const char* target = type == AE_IFLNK ? ::archive_entry_symlink(entry) : "";
    if (target == nullptr) throw error(Kind::kInvalidArgument, "the link has no readable target");
    const int made = type == AE_IFLNK ? ::symlinkat(target, directory, base.c_str())
                                      : ::mknodat(directory, base.c_str(), type | 0600, device);
    if (made != 0 && errno == EEXIST) {
      root_.clear(directory, base);
      return place_node(entry, path);
    }
    if (made != 0) throw sys_error(errno, "create it");
    apply_to_node(entry, directory, base);
  }

  // chown drops setuid bits and security.capability, so it comes first.
  void apply(archive_entry* entry, int fd) {
    if (::fchown(fd, id_of(::archive_entry_uid(entry), "owner"),
                 id_of(::archive_entry_gid(entry), "group")) != 0) {
      throw sys_error(errno, "set its owner");
    }
    if (::fchmod(fd, ::archive_entry_perm(entry)) != 0) throw sys_error(errno, "set its mode");
    each_xattr(entry, [fd](const char* name, const void* value, std::size_t size) {
      return ::fsetxattr(fd, name, value, size, 0);
    });
  }

  // Links, devices and fifos cannot be opened; `base` was made in `parent` just now, by us.
  void apply_to_node(archive_entry* entry, int parent, const std::string& base) {
    if (::fchownat(parent, base.c_str(), id_of(::archive_entry_uid(entry), "owner"),
                   id_of(::archive_entry_gid(entry), "group"), AT_SYMLINK_NOFOLLOW) != 0) {
      throw sys_error(errno, "set its owner");
    }
    const bool is_link = ::archive_entry_filetype(entry) == AE_IFLNK;
    if (!is_link && ::fchmodat(parent, base.c_str(), ::archive_entry_perm(entry), 0) != 0) {
      throw sys_error(errno, "set its mode");
    }
    const std::string node = fmt::format("/proc/self/fd/{}/{}", parent, base);
    each_xattr(entry, [&node](const char* name, const void* value, std::size_t size) {
      return ::lsetxattr(node.c_str(), name, value, size, 0);
    });
    const Times times = times_of(entry);
    if (::utimensat(parent, base.c_str(), times.value, AT_SYMLINK_NOFOLLOW) != 0) {
      throw sys_error(errno, "set its times");
    }
  }

  template <typename Set>
  static void each_xattr(archive_entry* entry, Set set) {
    if (::archive_entry_xattr_reset(entry) == 0) return;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      if (name == nullptr || belongs_to_overlayfs(name)) continue;
      if (set(name, value, size) == 0) continue;
      // What this file system cannot keep at all is left out, except what grants power: a program
      // without its capability would fail where nobody looks.
      const bool may_be_left =
          errno == EOPNOTSUPP && std::string_view(name) != "security.capability";
      if (!may_be_left) throw sys_error(errno, "set its attribute {}", spec::shown_text(name));
    }
  }

  LayerRoot root_;
  Whiteouts whiteouts_;
  const UnpackLimits& limits_;
  const std::function<void(std::uint64_t)>& progress_;
  UnpackResult result_;
  Hasher hasher_;
  TarReader reader_;  // the last member: opening it reads, and that counts
};

}  // namespace

UnpackResult unpack_layer(std::unique_ptr<Stream> source, int directory, const UnpackLimits& limits,
                          const std::function<void(std::uint64_t)>& progress) {
  return Unpacker(read_ahead(inflated(std::move(source))), directory, Whiteouts::kHide, limits,
                  progress)
      .run();
}

void unpack_archive(std::unique_ptr<Stream> source, int directory) {
  const UnpackLimits limits;
  const std::function<void(std::uint64_t)> nobody;
  Unpacker(read_ahead(inflated(std::move(source))), directory, Whiteouts::kAreNames, limits, nobody)
      .run();
}

}  // namespace seatrial::image
