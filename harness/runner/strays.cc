#include "harness/runner/strays.h"

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::harness {
namespace {

using std::chrono::seconds;

struct Stray {
  pid_t pid = -1;
  std::string command;
};

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

// A look that costs nothing where there is nothing to find.
bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// "123 (comm) S 1 ..." when its parent is this process. The command may hold anything,
// parentheses too, so the fields are counted from the last one.
std::optional<Stray> child_from_stat(pid_t pid, std::string_view stat) {
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  if (stat.size() < close + 5) return std::nullopt;
  pid_t parent = -1;
  std::from_chars(stat.data() + close + 4, stat.data() + stat.size(), parent);
  if (parent != ::getpid()) return std::nullopt;
  return Stray{.pid = pid, .command = std::string(stat.substr(open + 1, close - open - 1))};
}

// Not /proc/self/task/TID/children: kernels without checkpoint support lack it.
std::vector<Stray> strays_in(const StrayScope& scope) {
  std::vector<Stray> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) throw sys_error(errno, "list /proc");
  while (const dirent* entry = ::readdir(proc.get())) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= scope.newer_than || contains(scope.live, pid)) continue;
    try {
      const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
      if (auto stray = child_from_stat(pid, stat)) found.push_back(std::move(*stray));
    } catch (const Error&) {
      continue;  // it ended meanwhile
    }
  }
  return found;
}

enum class StrayEnd { kByItself, kKilled, kNever };

StrayEnd end(const Stray& stray, std::chrono::milliseconds grace) {
  const auto process = sys::PidFd::open(stray.pid);
  if (!process) return StrayEnd::kByItself;
  const bool late = process->wait_exit(sys::after(grace));
  if (!late) process->send_signal(SIGKILL);
  if (!process->wait_exit(sys::after(seconds(5)))) return StrayEnd::kNever;
  process->reap();
  return late ? StrayEnd::kByItself : StrayEnd::kKilled;
}

}  // namespace

Subreaper::Subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) != 0) {
    throw sys_error(errno, "become a subreaper");
  }
}

Subreaper::~Subreaper() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
}

void reap_ended_strays(const std::vector<pid_t>& live) {
  for (;;) {
    siginfo_t info{};
    // WNOWAIT: a live child that has just ended is for its own starter to take.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (info.si_pid == 0 || contains(live, info.si_pid)) return;
    ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
  }
}

std::vector<std::string> end_strays(const StrayScope& scope) {
  std::vector<std::string> sentences;
  std::set<pid_t> immortal;
  // Ending one may make its children ours, so look again until none is left.
  for (bool again = has_children(); again;) {
    again = false;
    for (const Stray& stray : strays_in(scope)) {
      if (immortal.count(stray.pid) > 0) continue;
      again = true;
      const StrayEnd how = end(stray, scope.grace);
      if (how == StrayEnd::kByItself) continue;
      sentences.push_back(fmt::format("process {} ({})", stray.pid, stray.command));
      if (how == StrayEnd::kKilled) continue;
      immortal.insert(stray.pid);
      sentences.back() += ", which a kill does not end";
    }
  }
  return sentences;
}

}  // namespace seatrial::harness
