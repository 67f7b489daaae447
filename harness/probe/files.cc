// What a process can do with paths.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {

std::string read_text(const std::string& path, std::size_t limit) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return text;
  int failure = 0;
  char buffer[8192];
  while (text.size() < limit) {
    const ssize_t got = ::read(fd, buffer, std::min(sizeof buffer, limit - text.size()));
    if (got < 0) failure = errno;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  errno = failure;
  return text;
}

namespace {

constexpr std::size_t kContentLimit = 64 << 10;

// One answer per operand: what `attempt` returned as -1 becomes the errno's name.
template <typename Attempt>
void attempt_each(const char* command, const Operands& paths, Attempt attempt) {
  for (const std::string& path : paths) {
    errno = 0;
    const bool failed = attempt(path.c_str()) < 0;
    JsonLine(command, path).error(failed ? errno : 0).print();
  }
}

int close_after(int fd) {
  return fd < 0 ? -1 : ::close(fd);
}

int write_and_close(int fd, const std::string& text) {
  if (fd < 0) return -1;
  const ssize_t put = ::write(fd, text.data(), text.size());
  const int failure = put < 0 ? errno : 0;
  ::close(fd);
  errno = failure;
  return failure == 0 ? 0 : -1;
}

void read_files(const Operands& paths) {
  for (const std::string& path : paths) {
    errno = 0;
    const std::string text = read_text(path, kContentLimit);
    JsonLine line("read", path);
    if (errno != 0) {
      line.error(errno);
    } else {
      line.text("content", text).unsigned_number("size", text.size());
    }
    line.print();
  }
}

void write_files(const Operands& paths) {
  attempt_each("write", paths, [](const char* path) {
    return write_and_close(::open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "x");
  });
}

void append_files(const Operands& paths) {
  attempt_each("append", paths, [](const char* path) {
    return write_and_close(::open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY), "x");
  });
}

void open_read(const Operands& paths) {
  attempt_each("open_read", paths, [](const char* path) {
    return close_after(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  });
}

void open_write(const Operands& paths) {
  attempt_each("open_write", paths, [](const char* path) {
    return close_after(::open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  });
}

void write_text(const Operands& operands) {
  if (operands.size() != 2) return;
  errno = 0;
  const int fd = ::open(operands[0].c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool failed = write_and_close(fd, operands[1]) < 0;
  JsonLine("write_text", operands[0]).error(failed ? errno : 0).print();
}

void create_files(const Operands& paths) {
  attempt_each("create", paths, [](const char* path) {
    return close_after(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  });
}

void make_directories(const Operands& paths) {
  attempt_each("mkdir", paths, [](const char* path) { return ::mkdir(path, 0777); });
}

void remove_files(const Operands& paths) {
  attempt_each("remove", paths, [](const char* path) { return ::remove(path); });
}

void change_mode(const Operands& operands) {
  if (operands.size() != 2) return;
  const auto mode = static_cast<mode_t>(std::strtoul(operands[1].c_str(), nullptr, 8));
  attempt_each("chmod", {operands[0]}, [mode](const char* path) { return ::chmod(path, mode); });
}

void change_owner(const Operands& operands) {
  if (operands.size() != 3) return;
  const auto uid = static_cast<uid_t>(std::atoll(operands[1].c_str()));
  const auto gid = static_cast<gid_t>(std::atoll(operands[2].c_str()));
  attempt_each("chown", {operands[0]},
               [uid, gid](const char* path) { return ::lchown(path, uid, gid); });
}

void make_node(const Operands& operands) {
  if (operands.size() != 4) return;
  const mode_t type = operands[1] == "c" ? S_IFCHR : operands[1] == "b" ? S_IFBLK : S_IFIFO;
  const dev_t device = makedev(static_cast<unsigned>(std::atoi(operands[2].c_str())),
                               static_cast<unsigned>(std::atoi(operands[3].c_str())));
  attempt_each("mknod", {operands[0]},
               [type, device](const char* path) { return ::mknod(path, type | 0600, device); });
}

const char* type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "dir";
    case S_IFLNK:
      return "symlink";
    case S_IFCHR:
      return "char";
    case S_IFBLK:
      return "block";
    case S_IFIFO:
      return "fifo";
    default:
      return "socket";
  }
}

long long nanoseconds(const timespec& time) {
  return static_cast<long long>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

void print_stat(const char* command, const std::string& path, int flags) {
  struct stat status{};
  JsonLine line(command, path);
  if (::fstatat(AT_FDCWD, path.c_str(), &status, flags) != 0) {
    line.error(errno).print();
    return;
  }
  line.text("type", type_name(status.st_mode))
      .number("mode", status.st_mode & 07777)
      .number("uid", status.st_uid)
      .number("gid", status.st_gid)
      .unsigned_number("nlink", status.st_nlink)
      .number("size", status.st_size)
      .number("major", major(status.st_rdev))
      .number("minor", minor(status.st_rdev))
      .unsigned_number("inode", status.st_ino)
      .unsigned_number("device", status.st_dev)
      .number("mtime", nanoseconds(status.st_mtim));
  char target[4096];
  const ssize_t length =
      S_ISLNK(status.st_mode) ? ::readlink(path.c_str(), target, sizeof target) : -1;
  if (length >= 0) line.text("target", {target, static_cast<std::size_t>(length)});
  line.print();
}

void stat_files(const Operands& paths) {
  for (const std::string& path : paths) print_stat("stat", path, AT_SYMLINK_NOFOLLOW);
}

void stat_followed(const Operands& paths) {
  for (const std::string& path : paths) print_stat("stat_follow", path, 0);
}

void list_directories(const Operands& paths) {
  for (const std::string& path : paths) {
    JsonLine line("list", path);
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
      line.error(errno).print();
      continue;
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    line.texts("names", names).print();
  }
}

void read_links(const Operands& paths) {
  for (const std::string& path : paths) {
    char target[4096];
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
    JsonLine line("readlink", path);
    if (length < 0) line.error(errno);
    if (length >= 0) line.text("target", {target, static_cast<std::size_t>(length)});
    line.print();
  }
}

// Reads a file, or lists a directory: what moves an access time.
void touch_by_reading(const std::string& path) {
  if (DIR* directory = ::opendir(path.c_str())) {
    while (::readdir(directory) != nullptr) {
    }
    ::closedir(directory);
    return;
  }
  read_text(path, 1);
}

// `age`: how far back the access time lies; the change time lies a second before that.
void observe_atime(const char* command, const Operands& paths, long age) {
  for (const std::string& path : paths) {
    timespec times[2] = {{::time(nullptr) - age, 0}, {::time(nullptr) - age - 1, 0}};
    struct stat before{}, after{};
    JsonLine line(command, path);
    if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0 || ::stat(path.c_str(), &before) != 0) {
      line.error(errno).print();
      continue;
    }
    touch_by_reading(path);
    ::stat(path.c_str(), &after);
    line.flag("changed", nanoseconds(before.st_atim) != nanoseconds(after.st_atim)).print();
  }
}

void atime_old(const Operands& paths) {
  observe_atime("atime_old", paths, 2 * 24 * 3600);
}

// relatime(8 mount) compares with the change time too, which utimensat() sets to now: so the access
// time is put an hour ahead of it.
void atime_recent(const Operands& paths) {
  observe_atime("atime_recent", paths, -3600);
}

}  // namespace

const std::vector<NamedCommand>& file_commands() {
  static const std::vector<NamedCommand> commands = {
      {"read", read_files},     {"write", write_files},         {"append", append_files},
      {"open_read", open_read}, {"open_write", open_write},     {"write_text", write_text},
      {"create", create_files}, {"mkdir", make_directories},    {"remove", remove_files},
      {"chmod", change_mode},   {"chown", change_owner},        {"mknod", make_node},
      {"stat", stat_files},     {"stat_follow", stat_followed}, {"list", list_directories},
      {"readlink", read_links}, {"atime_old", atime_old},       {"atime_recent", atime_recent},
  };
  return commands;
}

}  // namespace seatrial::probe
