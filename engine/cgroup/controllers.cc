#include "engine/cgroup/controllers.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/error.h"

namespace seatrial::cgroup {
namespace {

constexpr std::string_view kHandedDown = "cgroup.subtree_control";

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// The mountpoint and each directory down to the parent of the container's.
std::vector<std::string> ancestors_of(const Membership& member) {
  std::vector<std::string> paths;
  if (member.cgroup == "/") return paths;
  const std::size_t top = mountpoint_of(member).size();
  for (std::size_t end = top; end != std::string::npos; end = member.directory.find('/', end + 1)) {
    paths.push_back(member.directory.substr(0, end));
  }
  return paths;
}

// Whether "no internal process" keeps it from handing controllers down. For those that know threads
// the kernel would not refuse: it makes a threaded domain of the directory, and what lies below it
// is then no place for processes. The root alone has no cgroup.type, and may do both.
bool holds_processes(const Directory& directory) {
  if (!directory.read_if_present("cgroup.type")) return false;
  try {
    return !directory.read_if_present("cgroup.procs").value_or("").empty();
  } catch (const Error& failure) {
    if (failure.sys_errno() != EOPNOTSUPP) throw;
    return true;  // it is threaded
  }
}

void hand_down(const Directory& directory, const std::vector<std::string>& wanted) {
  const std::vector<std::string> has = controllers_of(directory);
  std::string all;
  for (const std::string& each : wanted) {
    if (contains(has, each)) all += (all.empty() ? "+" : " +") + each;
  }
  if (all.empty() || holds_processes(directory)) return;
  const int failure = directory.try_write(kHandedDown, all);
  if (failure == 0 || failure == EBUSY) return;
  // One that is refused has all refused.
  for (const std::string& each : wanted) {
    if (contains(has, each)) directory.try_write(kHandedDown, "+" + each);
  }
}

[[noreturn]] void refuse(const Directory& directory, std::string_view controller, int failure) {
  const auto refused = [&](Kind kind, std::string_view why) {
    return Error(kind, failure,
                 fmt::format("the cgroup controller {} cannot be enabled below {}: {}", controller,
                             directory.path(), why));
  };
  switch (failure) {
    case EBUSY:
      throw refused(Kind::kConflict,
                    "it holds processes, and cgroup v2 lets a directory hold processes or hand "
                    "controllers down");
    case EOPNOTSUPP:
      throw refused(Kind::kConflict, "it is threaded");
    case EINVAL:
      throw refused(Kind::kUnsupported,
                    "the kernel refuses it (for cpu, while real-time processes are below)");
    default:
      throw sys_error(failure, "enable the cgroup controller {} below {}", controller,
                      directory.path());
  }
}

}  // namespace

std::vector<std::string> controllers_of(const Directory& directory) {
  return words(directory.read_if_present("cgroup.controllers").value_or(""));
}

void enable_available(const Membership& member) {
  const std::vector<std::string> paths = ancestors_of(member);
  if (paths.empty()) return;
  const std::vector<std::string> wanted = controllers_of(Directory(paths.front()));
  const std::vector<std::string> has = controllers_of(Directory(member.directory));
  if (std::ranges::all_of(wanted, [&](const auto& each) { return contains(has, each); })) return;
  for (const std::string& path : paths) hand_down(Directory(path), wanted);
}

bool enable_controller(const Membership& member, std::string_view controller) {
  for (const std::string& path : ancestors_of(member)) {
    const Directory directory(path);
    if (!contains(controllers_of(directory), controller)) return false;
    if (contains(words(directory.read(kHandedDown)), controller)) continue;
    const int failure = holds_processes(directory)
                            ? EBUSY
                            : directory.try_write(kHandedDown, fmt::format("+{}", controller));
    if (failure != 0) refuse(directory, controller, failure);
  }
  return contains(controllers_of(Directory(member.directory)), controller);
}

void check_joinable(const Membership& member) {
  if (member.cgroup == "/") return;
  // The others are threaded: a directory that hands down only those may hold processes.
  constexpr std::array<std::string_view, 4> kThreaded{"cpu", "cpuset", "perf_event", "pids"};
  const Directory directory(member.directory);
  for (const std::string& each : words(directory.read_if_present(kHandedDown).value_or(""))) {
    if (std::ranges::find(kThreaded, each) != kThreaded.end()) continue;
    throw error(Kind::kConflict,
                "linux.cgroupsPath: {}: no process can join it, because it hands the cgroup "
                "controller {} down to directories below it",
                member.directory, each);
  }
}

}  // namespace seatrial::cgroup
