// The probe as a hook: writes down how it was called, as one line appended to a file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

extern char** environ;  // NOLINT: environ(7)

namespace seatrial::probe {
namespace {

std::string read_stdin() {
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string namespace_object() {
  JsonLine line("namespaces");
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    struct stat entry{};
    const std::string path = std::string("/proc/self/ns/") + kind;
    if (::stat(path.c_str(), &entry) == 0) line.unsigned_number(kind, entry.st_ino);
  }
  return line.object();
}

// Whether a file is there in the root of the process that the state document names.
bool root_has(const std::string& state, const char* file) {
  const std::size_t key = state.find("\"pid\"");
  const std::size_t number = state.find_first_of("0123456789", key);
  if (key == std::string::npos || number == std::string::npos) return false;
  const int pid = std::atoi(state.c_str() + number);
  const std::string path = "/proc/" + std::to_string(pid) + "/root/" + file;
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

// hook FILE NUMBER hang|once|raise [ARGUMENT...]: the number is the exit status, or the signal.
int run_hook(const Operands& operands) {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  char cwd[4096] = {};
  if (::getcwd(cwd, sizeof cwd) == nullptr) cwd[0] = '\0';
  const std::string state = read_stdin();
  const std::string line = JsonLine("hook")
                               .text("name", arguments[0])
                               .texts("args", {arguments, arguments + argument_count})
                               .texts("env", env)
                               .text("cwd", cwd)
                               .text("stdin", state)
                               .raw("namespaces", namespace_object())
                               .number("pid", ::getpid())
                               .flag("probe_visible", ::access("/probe.outside", F_OK) == 0)
                               .flag("root_seen", root_has(state, "."))
                               .flag("container_entered", root_has(state, "probe.outside"))
                               .object() +
                           "\n";
  const int fd = ::open(operands[0].c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0 || ::write(fd, line.data(), line.size()) < 0) return 66;
  ::close(fd);
  const std::string end = operands.size() > 2 ? operands[2] : "once";
  while (end == "hang") ::pause();
  const int number = operands.size() > 1 ? std::atoi(operands[1].c_str()) : 0;
  if (end == "raise") std::raise(number);
  return number;
}

}  // namespace seatrial::probe
