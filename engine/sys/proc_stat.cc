#include "engine/sys/proc_stat.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"

namespace seatrial::sys {
namespace {

constexpr int kFieldsFromStateToStartTime = 19;  // fields 3 and 22 of proc(5)

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
  const std::size_t command_end = text.rfind(')');
  if (command_end == std::string_view::npos || command_end + 2 >= text.size()) return std::nullopt;
  std::string_view rest = text.substr(command_end + 2);
  ProcStat result{.state = rest.front(), .parent = 0, .start_time = 0};
  const std::size_t parent = rest.find(' ');
  if (parent == std::string_view::npos) return std::nullopt;
  const char* const end = rest.data() + rest.size();
  if (std::from_chars(rest.data() + parent + 1, end, result.parent).ec != std::errc()) {
    return std::nullopt;
  }
  for (int skipped = 0; skipped < kFieldsFromStateToStartTime; ++skipped) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), result.start_time);
  if (parsed.ec != std::errc()) return std::nullopt;
  return result;
}

std::optional<ProcStat> proc_stat(pid_t pid) {
  char path[32];
  *fmt::format_to_n(path, sizeof path - 1, "/proc/{}/stat", pid).out = '\0';
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ESRCH)) return std::nullopt;
  if (!fd) throw sys_error(errno, "open {}", path);
  char buffer[1024];
  const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
  if (got < 0 && errno == ESRCH) return std::nullopt;  // it ended between open and read
  if (got < 0) throw sys_error(errno, "read {}", path);
  const auto result = parse_proc_stat({buffer, static_cast<std::size_t>(got)});
  if (!result) throw error(Kind::kInternal, "{} does not look like proc(5) says", path);
  return result;
}

bool is_alive(pid_t pid, std::uint64_t start_time) {
  if (pid <= 0) return false;
  const auto found = proc_stat(pid);
  return found && found->start_time == start_time && found->state != 'Z' && found->state != 'X';
}

}  // namespace seatrial::sys
