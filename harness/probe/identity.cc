// What a process is: ids, namespaces, limits, descriptors, mounts.
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

extern char** environ;  // NOLINT: environ(7)

namespace seatrial::probe {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return parts;
}

// proc(5) writes blanks in paths as \040.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "36 35 98:0 /root /mountpoint rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::string mount_object(const std::string& line) {
  const std::vector<std::string> words = split(line, ' ');
  const auto dash = std::find(words.begin(), words.end(), "-");
  if (words.size() < 10 || words.end() - dash < 4) return {};
  return JsonLine("mount")
      .number("id", std::atoll(words[0].c_str()))
      .number("parent", std::atoll(words[1].c_str()))
      .text("device", words[2])
      .text("root", unescaped(words[3]))
      .text("mountpoint", unescaped(words[4]))
      .texts("options", split(words[5], ','))
      .texts("propagation", {words.begin() + 6, dash})
      .text("type", dash[1])
      .text("source", unescaped(dash[2]))
      .texts("super_options", split(dash[3], ','))
      .object();
}

void mountinfo(const Operands&) {
  errno = 0;
  const std::string text = read_text("/proc/self/mountinfo");
  JsonLine line("mountinfo");
  if (errno != 0) return line.error(errno).print();
  std::vector<std::string> mounts;
  for (const std::string& entry : split(text, '\n')) {
    std::string object = mount_object(entry);
    if (!object.empty()) mounts.push_back(std::move(object));
  }
  line.raw("mounts", json_array(mounts)).print();
}

void status(const Operands&) {
  errno = 0;
  const std::string text = read_text("/proc/self/status");
  JsonLine line("status");
  if (errno != 0) return line.error(errno).print();
  for (const std::string& entry : split(text, '\n')) {
    const std::size_t colon = entry.find(":\t");
    if (colon != std::string::npos) line.text(entry.substr(0, colon), entry.substr(colon + 2));
  }
  line.print();
}

void args(const Operands&) {
  JsonLine("args").texts("values", {arguments, arguments + argument_count}).print();
}

void env(const Operands&) {
  std::vector<std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) values.emplace_back(*entry);
  JsonLine("env").texts("values", values).print();
}

void cwd(const Operands&) {
  char path[4096];
  JsonLine line("cwd");
  if (::getcwd(path, sizeof path) == nullptr) return line.error(errno).print();
  line.text("path", path).print();
}

void standard_input(const Operands&) {
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  JsonLine line("stdin");
  if (got < 0) line.error(errno);
  line.text("content", text).print();
}

void rlimits(const Operands&) {
  static constexpr struct {
    const char* name;
    int resource;
  } kLimits[] = {
      {"RLIMIT_AS", RLIMIT_AS},
      {"RLIMIT_CORE", RLIMIT_CORE},
      {"RLIMIT_CPU", RLIMIT_CPU},
      {"RLIMIT_DATA", RLIMIT_DATA},
      {"RLIMIT_FSIZE", RLIMIT_FSIZE},
      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
      {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
      {"RLIMIT_NICE", RLIMIT_NICE},
      {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_NPROC", RLIMIT_NPROC},
      {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
      {"RLIMIT_RTTIME", RLIMIT_RTTIME},
      {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_STACK", RLIMIT_STACK},
  };
  std::vector<std::string> objects;
  for (const auto& entry : kLimits) {
    struct rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource_t>(entry.resource), &limit);
    objects.push_back(JsonLine("rlimit")
                          .text("type", entry.name)
                          .unsigned_number("soft", limit.rlim_cur)
                          .unsigned_number("hard", limit.rlim_max)
                          .object());
  }
  JsonLine("rlimits").raw("limits", json_array(objects)).print();
}

void namespaces(const Operands&) {
  JsonLine line("namespaces");
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    struct stat entry{};
    const std::string path = std::string("/proc/self/ns/") + kind;
    if (::stat(path.c_str(), &entry) == 0) line.unsigned_number(kind, entry.st_ino);
  }
  line.print();
}

void descriptors(const Operands&) {
  DIR* directory = ::opendir("/proc/self/fd");
  JsonLine line("fds");
  if (directory == nullptr) return line.error(errno).print();
  std::vector<std::string> objects;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == ::dirfd(directory)) continue;
    char target[4096];
    const ssize_t length = ::readlinkat(::dirfd(directory), entry->d_name, target, sizeof target);
    objects.push_back(
        JsonLine("fd")
            .number("fd", fd)
            .text("target", {target, static_cast<std::size_t>(std::max<ssize_t>(length, 0))})
            .object());
  }
  ::closedir(directory);
  line.raw("fds", json_array(objects)).print();
}

void hostname(const Operands&) {
  utsname names{};
  ::uname(&names);
  JsonLine("hostname")
      .text("hostname", names.nodename)
      .text("domainname", names.domainname)
      .print();
}

std::string without_newline(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void sysctl(const Operands& names) {
  for (const std::string& name : names) {
    std::string path = "/proc/sys/" + name;
    std::replace(path.begin() + 10, path.end(), '.', '/');
    errno = 0;
    const std::string text = read_text(path);
    JsonLine line("sysctl", name);
    if (errno != 0) line.error(errno);
    if (errno == 0) line.text("value", without_newline(text));
    line.print();
  }
}

void oom_score_adj(const Operands&) {
  errno = 0;
  const std::string text = read_text("/proc/self/oom_score_adj");
  JsonLine line("oom_score_adj");
  if (errno != 0) return line.error(errno).print();
  line.number("value", std::atoll(text.c_str())).print();
}

void show_personality(const Operands&) {
  JsonLine("personality").number("value", ::personality(0xffffffff)).print();
}

void terminal(const Operands&) {
  winsize size{};
  const bool sized = ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0;
  const char* name = ::ttyname(STDIN_FILENO);
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  // Field 7 of stat(5) is tty_nr; the command in field 2 is ours and holds no parenthesis.
  const std::string stat = read_text("/proc/self/stat");
  const std::size_t end = stat.rfind(')');
  const std::vector<std::string> fields =
      split(end == std::string::npos ? "" : std::string_view(stat).substr(end + 2), ' ');
  JsonLine("tty")
      .flag("stdin", ::isatty(0) == 1)
      .flag("stdout", ::isatty(1) == 1)
      .flag("stderr", ::isatty(2) == 1)
      .text("name", name == nullptr ? "" : name)
      .number("rows", sized ? size.ws_row : 0)
      .number("columns", sized ? size.ws_col : 0)
      .number("session", ::getsid(0))
      .number("terminal_device", fields.size() > 4 ? std::atoll(fields[4].c_str()) : 0)
      .flag("controlling", fd >= 0)
      .print();
  if (fd >= 0) ::close(fd);
}

void ids(const Operands&) {
  JsonLine("pid")
      .number("pid", ::getpid())
      .number("ppid", ::getppid())
      .number("session", ::getsid(0))
      .number("group", ::getpgrp())
      .print();
}

long long clock_value(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<long long>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

void clocks(const Operands&) {
  JsonLine("clock")
      .number("monotonic", clock_value(CLOCK_MONOTONIC))
      .number("boottime", clock_value(CLOCK_BOOTTIME))
      .print();
}

void cgroup(const Operands&) {
  errno = 0;
  const std::string text = read_text("/proc/self/cgroup");
  JsonLine line("cgroup");
  if (errno != 0) return line.error(errno).print();
  std::vector<std::string> objects;
  for (const std::string& entry : split(text, '\n')) {
    const std::size_t first = entry.find(':');
    const std::size_t second = entry.find(':', first + 1);
    if (second == std::string::npos) continue;
    objects.push_back(JsonLine("entry")
                          .text("controllers", entry.substr(first + 1, second - first - 1))
                          .text("path", entry.substr(second + 1))
                          .object());
  }
  line.raw("entries", json_array(objects)).print();
}

void keyring(const Operands&) {
  constexpr long kGetKeyringId = 0, kDescribe = 6, kSessionKeyring = -3;
  const long serial = ::syscall(SYS_keyctl, kGetKeyringId, kSessionKeyring, 0);
  JsonLine line("keyring");
  if (serial < 0) return line.error(errno).print();
  char text[1024] = {};
  ::syscall(SYS_keyctl, kDescribe, serial, text, sizeof text - 1);
  line.number("session", serial).text("description", text).print();
}

}  // namespace

const std::vector<NamedCommand>& identity_commands() {
  static const std::vector<NamedCommand> commands = {
      {"mountinfo", mountinfo},
      {"status", status},
      {"args", args},
      {"env", env},
      {"cwd", cwd},
      {"stdin", standard_input},
      {"rlimits", rlimits},
      {"namespaces", namespaces},
      {"fds", descriptors},
      {"hostname", hostname},
      {"sysctl", sysctl},
      {"oom_score_adj", oom_score_adj},
      {"personality", show_personality},
      {"tty", terminal},
      {"pid", ids},
      {"clock", clocks},
      {"cgroup", cgroup},
      {"keyring", keyring},
  };
  return commands;
}

}  // namespace seatrial::probe
