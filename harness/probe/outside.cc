// Ways that have led out of containers, tried without doing harm: nothing is written outside, no
// setting of the kernel is changed.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

constexpr std::size_t kMostPrograms = 64;

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileId&) const = default;
};

bool identify(int fd, FileId& id) {
  struct stat status{};
  if (fd < 0 || ::fstat(fd, &status) != 0) return false;
  id = {status.st_dev, status.st_ino};
  return true;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  return names;
}

// What was seen of processes that appear.
struct Watch {
  std::string outside;  // path of a file of the host
  FileId outside_id;
  FileId own;       // this program
  FileId expected;  // another that is expected, and tried like every other
  std::set<std::string> seen;
  std::set<std::string> opened;  // "12/fd/3"
  std::set<std::string> reached;
  std::vector<int> programs;  // O_PATH, kept for later

  void process(const std::string& pid, const std::string& marks);
  void way(const std::string& name);
  bool leads_out(int fd) const;
  bool program(const std::string& name);
};

// From a directory outside the root, .. goes up to a root where the path is found.
bool Watch::leads_out(int fd) const {
  FileId id;
  if (!identify(fd, id)) return false;
  if (id == outside_id) return true;
  std::string path;
  for (int i = 0; i < 32; ++i) path += "../";
  path += outside.substr(1);
  const int found = ::openat(fd, path.c_str(), O_PATH | O_CLOEXEC);
  const bool out = identify(found, id) && id == outside_id;
  if (found >= 0) ::close(found);
  return out;
}

void Watch::way(const std::string& name) {
  const int fd = ::open(("/proc/" + name).c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  opened.insert(name);
  if (leads_out(fd)) reached.insert(name);
  ::close(fd);
}

// Keeps every other program; true for this one and the one that is expected.
bool Watch::program(const std::string& name) {
  const int fd = ::open(("/proc/" + name).c_str(), O_PATH | O_CLOEXEC);
  FileId id;
  if (!identify(fd, id)) return false;
  const bool known = std::any_of(programs.begin(), programs.end(), [&](int kept) {
    FileId other;
    return identify(kept, other) && other == id;
  });
  if (known || id == own || programs.size() == kMostPrograms) {
    ::close(fd);
  } else {
    programs.push_back(fd);
  }
  return id == own || id == expected;
}

void Watch::process(const std::string& pid, const std::string& marks) {
  seen.insert(pid);
  const bool is_probe = program(pid + "/exe");
  way(pid + "/root");
  way(pid + "/cwd");
  for (const std::string& number : names_in("/proc/" + pid + "/fd")) way(pid + "/fd/" + number);
  if (!is_probe) return;
  const int mark = ::open((marks + "/" + pid).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (mark >= 0) ::close(mark);
}

// Whether the programs that ran could be opened for writing, now that nobody executes them.
// Nothing is written.
std::vector<std::string> try_programs(const std::vector<int>& programs) {
  std::vector<std::string> objects;
  for (const int fd : programs) {
    FileId id;
    if (!identify(fd, id)) continue;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const int writing = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const int failure = writing < 0 ? errno : 0;
    if (writing >= 0) ::close(writing);
    objects.push_back(JsonLine("program")
                          .unsigned_number("device", id.device)
                          .unsigned_number("inode", id.inode)
                          .error(failure)
                          .object());
    ::close(fd);
  }
  return objects;
}

FileId identify_path(const std::string& path) {
  FileId id;
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  identify(fd, id);
  if (fd >= 0) ::close(fd);
  return id;
}

// watch MARKS OUTSIDE DEVICE INODE [OTHER]: until MARKS/stop is there, looks at every other
// process. One that executes this program or OTHER gets a file MARKS/PID. Whether a way leads to
// the file OUTSIDE of the host is told by its numbers.
void watch(const Operands& operands) {
  if (operands.size() < 4) return;
  const std::string& marks = operands[0];
  Watch state;
  state.outside = operands[1];
  state.outside_id = {std::strtoull(operands[2].c_str(), nullptr, 10),
                      std::strtoull(operands[3].c_str(), nullptr, 10)};
  state.own = identify_path("/proc/self/exe");
  if (operands.size() > 4) state.expected = identify_path(operands[4]);
  const std::string own_pid = std::to_string(::getpid());
  while (::access((marks + "/stop").c_str(), F_OK) != 0) {
    for (const std::string& name : names_in("/proc")) {
      if (name[0] >= '1' && name[0] <= '9' && name != own_pid) state.process(name, marks);
    }
  }
  JsonLine("watch")
      .unsigned_number("seen", state.seen.size())
      .unsigned_number("opened", state.opened.size())
      .texts("reached", {state.reached.begin(), state.reached.end()})
      .raw("programs", json_array(try_programs(state.programs)))
      .print();
}

// await_mark MARKS: until `watch` has seen this process.
void await_mark(const Operands& operands) {
  if (operands.size() != 1) return;
  const std::string mark = operands[0] + "/" + std::to_string(::getpid());
  constexpr int kTries = 50000;
  for (int i = 0; i < kTries && ::access(mark.c_str(), F_OK) != 0; ++i) ::usleep(100);
  JsonLine("await_mark").error(::access(mark.c_str(), F_OK) == 0 ? 0 : ETIMEDOUT).print();
}

int digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

// open_handle FILE TYPE HEX: the file behind a handle, on the file system of FILE.
void open_handle(const Operands& operands) {
  if (operands.size() != 3) return;
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* handle = reinterpret_cast<file_handle*>(room);
  const std::string& hex = operands[2];
  handle->handle_type = std::atoi(operands[1].c_str());
  handle->handle_bytes =
      static_cast<unsigned>(std::min<std::size_t>(hex.size() / 2, MAX_HANDLE_SZ));
  char* bytes = room + sizeof(file_handle);
  for (unsigned i = 0; i < handle->handle_bytes; ++i) {
    bytes[i] = static_cast<char>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  const int place = ::open(operands[0].c_str(), O_RDONLY | O_CLOEXEC);
  const int fd = ::open_by_handle_at(place, handle, O_RDONLY | O_CLOEXEC);
  JsonLine line("open_handle", operands[0]);
  if (fd < 0) {
    line.error(errno);
  } else {
    char text[4096];
    const ssize_t got = ::read(fd, text, sizeof text);
    line.text("content", {text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
    ::close(fd);
  }
  ::close(place);
  line.print();
}

bool write_map(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) > 0;
  ::close(fd);
  return written;
}

// 0, or the errno of the first step that failed.
int enter_nested_namespaces() {
  const std::string uid = std::to_string(::getuid()), gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP) != 0) return errno;
  if (!write_map("/proc/self/setgroups", "deny")) return errno;
  if (!write_map("/proc/self/uid_map", "0 " + uid + " 1")) return errno;
  if (!write_map("/proc/self/gid_map", "0 " + gid + " 1")) return errno;
  return 0;
}

// What a child found: the errno of each step, 0 where it succeeded.
struct Nested {
  int entered = 0;
  int mounted = 0;
  int opened = 0;
};

Nested mount_and_open(const Operands& operands, bool nested) {
  Nested found;
  if (nested) found.entered = enter_nested_namespaces();
  if (found.entered != 0) return found;
  const char* data = operands[1] == "-" ? nullptr : operands[1].c_str();
  if (::mount("probe", operands[2].c_str(), operands[0].c_str(), 0, data) != 0) {
    found.mounted = errno;
    return found;
  }
  const int fd = ::open((operands[2] + "/" + operands[3]).c_str(), O_WRONLY | O_CLOEXEC);
  found.opened = fd < 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  return found;
}

// TYPE DATA|- DIRECTORY FILE: in a child mounts and opens FILE of it for writing.
void try_mount(const char* command, const Operands& operands, bool nested) {
  if (operands.size() != 4) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const pid_t child = ::fork();
  if (child == 0) {
    const Nested found = mount_and_open(operands, nested);
    if (found.mounted == 0 && found.entered == 0) ::umount2(operands[2].c_str(), MNT_DETACH);
    ::_exit(::write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
  }
  ::close(ends[1]);
  Nested found;
  const bool answered = ::read(ends[0], &found, sizeof found) == sizeof found;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  const char* step = found.entered != 0 ? "namespaces" : found.mounted != 0 ? "mount" : "open";
  const int failure = found.entered != 0   ? found.entered
                      : found.mounted != 0 ? found.mounted
                                           : found.opened;
  JsonLine(command, operands[0]).text("step", answered ? step : "died").error(failure).print();
}

void mount_open(const Operands& operands) {
  try_mount("mount_open", operands, false);
}

void nested_mount_open(const Operands& operands) {
  try_mount("nested_mount_open", operands, true);
}

constexpr long kSessionKeyring = -3, kSetPermissions = 5, kDescribe = 6, kSearch = 10, kRead = 11;

// key_add NAME CONTENT: a key in this process' session keyring that only those who possess it see.
void key_add(const Operands& operands) {
  if (operands.size() != 2) return;
  constexpr long kPossessor = 0x3f000000;
  long serial = ::syscall(SYS_add_key, "user", operands[0].c_str(), operands[1].data(),
                          operands[1].size(), kSessionKeyring);
  if (serial >= 0 && ::syscall(SYS_keyctl, kSetPermissions, serial, kPossessor) < 0) serial = -1;
  JsonLine line("key_add", operands[0]);
  if (serial < 0) line.error(errno);
  if (serial >= 0) line.number("serial", serial);
  line.print();
}

// key_describe SERIAL..., key_read SERIAL...
void use_keys(const char* command, const Operands& serials, long operation) {
  for (const std::string& serial : serials) {
    char text[1024] = {};
    const long size =
        ::syscall(SYS_keyctl, operation, std::atol(serial.c_str()), text, sizeof text - 1);
    JsonLine line(command, serial);
    if (size < 0) line.error(errno);
    if (size >= 0) line.text("content", text);
    line.print();
  }
}

void key_describe(const Operands& serials) {
  use_keys("key_describe", serials, kDescribe);
}

void key_read(const Operands& serials) {
  use_keys("key_read", serials, kRead);
}

// key_search NAME...: in this process' session keyring and those that it holds.
void key_search(const Operands& names) {
  for (const std::string& name : names) {
    const long serial = ::syscall(SYS_keyctl, kSearch, kSessionKeyring, "user", name.c_str(), 0L);
    JsonLine line("key_search", name);
    if (serial < 0) line.error(errno);
    if (serial >= 0) line.number("serial", serial);
    line.print();
  }
}

}  // namespace

const std::vector<NamedCommand>& outside_commands() {
  static const std::vector<NamedCommand> commands = {
      {"watch", watch},
      {"await_mark", await_mark},
      {"open_handle", open_handle},
      {"mount_open", mount_open},
      {"nested_mount_open", nested_mount_open},
      {"key_add", key_add},
      {"key_describe", key_describe},
      {"key_read", key_read},
      {"key_search", key_search},
  };
  return commands;
}

}  // namespace seatrial::probe
