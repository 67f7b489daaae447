#include "engine/volume/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/openat2.h"

namespace seatrial::volume {
namespace {

// Each level holds two descriptors open.
constexpr unsigned kDeepest = 200;

// "/proc/self/fd/N": the one way to an object that was opened by O_PATH, for calls that have no
// AT_EMPTY_PATH. The magic link leads to the object itself, a symbolic link included.
std::string magic_path(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

class EntryNames {
 public:
  // Reads through a descriptor of its own: `directory` keeps its offset.
  explicit EntryNames(int directory, std::string_view shown) : shown_(shown) {
    UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) throw sys_error(errno, "list {}", shown);
    stream_.reset(::fdopendir(own.get()));
    if (!stream_) throw sys_error(errno, "list {}", shown);
    static_cast<void>(own.release());
  }

  // Null at the end.
  const char* next() {
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(stream_.get());
      if (entry == nullptr && errno != 0) throw sys_error(errno, "list {}", shown_);
      if (entry == nullptr) return nullptr;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry->d_name;
    }
  }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::string shown_;
  std::unique_ptr<DIR, Close> stream_;
};

class Copy {
 public:
  // The content of directory `from` into directory `to`, then the directory's own attributes: last,
  // because filling changes its time and a mode may forbid it.
  void directory(int from, int to, const std::string& shown, unsigned depth) {
    if (depth > kDeepest) {
      throw error(Kind::kExhausted, "{} lies more than {} directories deep", shown, kDeepest);
    }
    EntryNames names(from, shown);
    while (const char* name = names.next()) entry(from, to, name, shown + "/" + name, depth);
    attributes(from, to, shown);
  }

 private:
  void entry(int from, int to, const char* name, const std::string& shown, unsigned depth) {
    const UniqueFd source(::openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!source) throw sys_error(errno, "open {}", shown);
    struct stat status{};
    if (::fstat(source.get(), &status) != 0) throw sys_error(errno, "stat {}", shown);
    if (!S_ISDIR(status.st_mode) && status.st_nlink > 1 && link_to_first(status, to, name, shown)) {
      return;
    }
    make(source.get(), status, to, name, shown);
    const UniqueFd made(::openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!made) throw sys_error(errno, "open the copy of {}", shown);
    if (S_ISDIR(status.st_mode)) {
      const UniqueFd below = reopen(source.get(), O_RDONLY | O_DIRECTORY, shown);
      const UniqueFd target = reopen(made.get(), O_RDONLY | O_DIRECTORY, shown);
      directory(below.get(), target.get(), shown, depth + 1);
      return;
    }
    if (S_ISREG(status.st_mode)) content(source.get(), made.get(), shown);
    attributes(source.get(), made.get(), shown);
    if (status.st_nlink > 1) {
      first_[{status.st_dev, status.st_ino}] = UniqueFd(::fcntl(made.get(), F_DUPFD_CLOEXEC, 0));
    }
  }

  static UniqueFd reopen(int fd, int flags, const std::string& shown) {
    UniqueFd opened(::open(magic_path(fd).c_str(), flags | O_CLOEXEC));
    if (!opened) throw sys_error(errno, "open {}", shown);
    return opened;
  }

  bool link_to_first(const struct stat& status, int to, const char* name,
                     const std::string& shown) {
    const auto first = first_.find({status.st_dev, status.st_ino});
    if (first == first_.end()) return false;
    if (::linkat(AT_FDCWD, magic_path(first->second.get()).c_str(), to, name, AT_SYMLINK_FOLLOW) !=
        0) {
      throw sys_error(errno, "link the copy of {}", shown);
    }
    return true;
  }

  static void make(int source, const struct stat& status, int to, const char* name,
                   const std::string& shown) {
    int result = 0;
    if (S_ISDIR(status.st_mode)) {
      result = ::mkdirat(to, name, 0700);
    } else if (S_ISLNK(status.st_mode)) {
      std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
      const ssize_t length = ::readlinkat(source, "", text.data(), text.size());
      if (length < 0) throw sys_error(errno, "read the link {}", shown);
      text.resize(static_cast<std::size_t>(length));
      result = ::symlinkat(text.c_str(), to, name);
    } else {
      result = ::mknodat(to, name, (status.st_mode & S_IFMT) | 0600, status.st_rdev);
    }
    if (result != 0) throw sys_error(errno, "copy {}", shown);
  }

  static void content(int source, int made, const std::string& shown) {
    const UniqueFd in = reopen(source, O_RDONLY, shown);
    const UniqueFd out = reopen(made, O_WRONLY, shown);
    bool in_kernel = true;  // copy_file_range(2) shares extents where the file system can
    std::vector<char> buffer;
    for (;;) {
      ssize_t moved = -1;
      if (in_kernel) {
        moved = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, 1U << 30, 0);
        if (moved < 0 && errno != EINTR) {
          // EXDEV, EINVAL, EOPNOTSUPP: this pair of file systems cannot. Nothing moved yet, or the
          // offsets tell how far it came.
          in_kernel = false;
          buffer.resize(256U << 10);
          continue;
        }
      } else {
        moved = ::read(in.get(), buffer.data(), buffer.size());
        if (moved < 0 && errno != EINTR) throw sys_error(errno, "read {}", shown);
        for (ssize_t put = 0; put < moved;) {
          const ssize_t now =
              ::write(out.get(), buffer.data() + put, static_cast<std::size_t>(moved - put));
          if (now < 0 && errno != EINTR) throw sys_error(errno, "write the copy of {}", shown);
          if (now > 0) put += now;
        }
      }
      if (moved == 0) return;
    }
  }

  // chown before chmod, because it takes setuid bits away; times last.
  static void attributes(int from, int to, const std::string& shown) {
    struct stat status{};
    if (::fstat(from, &status) != 0) throw sys_error(errno, "stat {}", shown);
    if (::fchownat(to, "", status.st_uid, status.st_gid, AT_EMPTY_PATH) != 0) {
      throw sys_error(errno, "change the owner of the copy of {}", shown);
    }
    extended_attributes(from, to, shown);
    if (!S_ISLNK(status.st_mode) && ::chmod(magic_path(to).c_str(), status.st_mode & 07777) != 0) {
      throw sys_error(errno, "change the mode of the copy of {}", shown);
    }
    const timespec times[2] = {status.st_atim, status.st_mtim};
    // utimensat(2) takes AT_EMPTY_PATH since Linux 5.8.
    if (::utimensat(to, "", times, AT_EMPTY_PATH) != 0) {
      throw sys_error(errno, "change the times of the copy of {}", shown);
    }
  }

  static void extended_attributes(int from, int to, const std::string& shown) {
    const std::string source = magic_path(from);
    const std::string target = magic_path(to);
    std::string names(64U << 10, '\0');  // XATTR_LIST_MAX
    const ssize_t length = ::listxattr(source.c_str(), names.data(), names.size());
    if (length < 0 && errno == EOPNOTSUPP) return;
    if (length < 0) throw sys_error(errno, "list the extended attributes of {}", shown);
    names.resize(static_cast<std::size_t>(length));
    for (std::size_t at = 0; at < names.size(); at += std::string_view(&names[at]).size() + 1) {
      std::string value(64U << 10, '\0');  // XATTR_SIZE_MAX
      const ssize_t size = ::getxattr(source.c_str(), &names[at], value.data(), value.size());
      if (size < 0) throw sys_error(errno, "read {} of {}", &names[at], shown);
      if (::setxattr(target.c_str(), &names[at], value.data(), static_cast<std::size_t>(size), 0) !=
              0 &&
          errno != EOPNOTSUPP) {
        throw sys_error(errno, "set {} on the copy of {}", &names[at], shown);
      }
    }
  }

  // By device and inode number: the copy of the first name of a file with several.
  std::map<std::pair<dev_t, ino_t>, UniqueFd> first_;
};

UniqueFd open_in_root(int root, std::string_view path) {
  return sys::openat2(root, std::string(path).c_str(), O_PATH,
                      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

std::uint64_t size_below(int directory, unsigned depth) {
  std::uint64_t bytes = 0;
  EntryNames names(directory, "a directory");
  while (const char* name = names.next()) {
    struct stat status{};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto blocks = static_cast<std::uint64_t>(status.st_blocks) * 512;
    bytes += S_ISDIR(status.st_mode) || status.st_nlink < 1 ? blocks : blocks / status.st_nlink;
    if (!S_ISDIR(status.st_mode) || depth == kDeepest) continue;
    const UniqueFd below(
        ::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (below) bytes += size_below(below.get(), depth + 1);
  }
  return bytes;
}

}  // namespace

bool copy_up(int rootfs, std::string_view path, int target) {
  const UniqueFd source = open_in_root(rootfs, path);
  if (!source) {
    if (errno == ENOENT) return false;
    throw sys_error(errno, "open {} in the image", path);
  }
  struct stat status{};
  if (::fstat(source.get(), &status) != 0) throw sys_error(errno, "stat {} in the image", path);
  if (!S_ISDIR(status.st_mode)) {
    throw error(Kind::kConflict,
                "{} is not a directory in the image, a volume cannot be mounted on it", path);
  }
  const UniqueFd readable(
      ::open(magic_path(source.get()).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable) throw sys_error(errno, "open {} in the image", path);
  Copy().directory(readable.get(), target, std::string(path), 0);
  return true;
}

bool is_empty_directory(int directory) {
  return EntryNames(directory, "a volume").next() == nullptr;
}

std::uint64_t tree_size(int directory) {
  return size_below(directory, 0);
}

}  // namespace seatrial::volume
