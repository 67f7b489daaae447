// Processes, their namespaces, and this process' own descriptors, from procfs; see proc(5).
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/proc_stat.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

Directory open_directory(const char* path) {
  Directory stream(::opendir(path), &::closedir);
  if (!stream) throw sys_error(errno, "list {}", path);
  return stream;
}

std::optional<int> number_of(std::string_view name) {
  int number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

// PID (COMMAND) STATE PARENT ...; the command may hold anything.
std::optional<ProcessFact> read_process(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> buffer{};
  const ssize_t got = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  if (got < 0 && (errno == ENOENT || errno == ESRCH)) return std::nullopt;
  if (got < 0) throw sys_error(errno, "read {}", path);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  const std::optional<sys::ProcStat> stat = sys::parse_proc_stat(text);
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (!stat || open > close || close + 4 >= text.size()) {
    throw error(Kind::kInternal, "/proc/{}/stat does not look like proc(5) says", pid);
  }
  ProcessFact process{.pid = pid,
                      .parent = 0,
                      .start_time = stat->start_time,
                      .state = stat->state,
                      .command = std::string(text.substr(open + 1, close - open - 1))};
  std::from_chars(text.data() + close + 4, text.data() + text.size(), process.parent);
  return process;
}

}  // namespace

std::vector<DescriptorFact> read_descriptors() {
  std::vector<DescriptorFact> descriptors;
  const Directory stream = open_directory("/proc/self/fd");
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::optional<int> number = number_of(entry->d_name);
    if (!number || *number == ::dirfd(stream.get())) continue;
    if (auto target = link_target(fmt::format("/proc/self/fd/{}", *number))) {
      descriptors.push_back({*number, std::move(*target)});
    }
  }
  return descriptors;
}

std::vector<ProcessFact> read_processes() {
  std::vector<ProcessFact> processes;
  const Directory stream = open_directory("/proc");
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::optional<int> pid = number_of(entry->d_name);
    if (!pid) continue;
    if (auto process = read_process(*pid)) processes.push_back(std::move(*process));
  }
  return processes;
}

std::vector<ProcessFact> descendants(const std::vector<ProcessFact>& all, pid_t ancestor) {
  std::vector<ProcessFact> found;
  std::vector<pid_t> parents{ancestor};
  for (std::size_t next = 0; next < parents.size(); ++next) {
    for (const ProcessFact& process : all) {
      if (process.parent != parents[next]) continue;
      found.push_back(process);
      parents.push_back(process.pid);
    }
  }
  return found;
}

std::vector<ProcessFact> read_descendants() {
  siginfo_t info{};
  const int options = WEXITED | WNOHANG | WNOWAIT | __WALL;
  if (::waitid(P_ALL, 0, &info, options) != 0 && errno == ECHILD) return {};
  return descendants(read_processes(), ::getpid());
}

std::vector<NamespaceFact> read_namespaces(pid_t pid) {
  std::vector<NamespaceFact> namespaces;
  for (const char* type : {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
                           "time_for_children", "user", "uts"}) {
    auto name = link_target(fmt::format("/proc/{}/ns/{}", pid, type));
    if (!name) continue;
    const bool known = std::ranges::any_of(
        namespaces, [&](const NamespaceFact& each) { return each.name == *name; });
    if (!known) namespaces.push_back({std::move(*name), pid});
  }
  return namespaces;
}

}  // namespace seatrial::sentinel
