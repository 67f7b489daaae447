#include "engine/core/logs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/go_on.h"
#include "engine/core/times.h"
#include "engine/sys/deadline.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

// Lines of one file, as far as they are complete.
class LineReader {
 public:
  explicit LineReader(UniqueFd fd) : fd_(std::move(fd)) {}

  // Calls `line` for each complete line that is there now; false when that asked to stop.
  template <typename Line>
  bool read(const Line& line) {
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw sys_error(errno, "read a log");
      if (got == 0) return true;
      rest_.append(buffer.data(), static_cast<std::size_t>(got));
      std::size_t begin = 0;
      for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        if (!line(std::string_view(rest_).substr(begin, end - begin))) return false;
      }
      rest_.erase(0, begin);
    }
  }

  ino_t inode() const {
    struct stat status{};
    ::fstat(fd_.get(), &status);
    return status.st_ino;
  }

 private:
  UniqueFd fd_;
  std::string rest_;
};

std::optional<LineReader> open_log(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) throw sys_error(errno, "open {}", path.native());
  return LineReader(std::move(fd));
}

// All files of the log that are there, the oldest first.
std::vector<LineReader> open_all(const fs::path& log) {
  std::vector<LineReader> files;
  for (unsigned number = 0;; ++number) {
    auto file = open_log(number == 0 ? log : fs::path(fmt::format("{}.{}", log.native(), number)));
    if (!file) break;
    // A rotation between two opens shows the same file twice.
    if (files.empty() || files.back().inode() != file->inode()) files.push_back(std::move(*file));
  }
  std::reverse(files.begin(), files.end());
  return files;
}

bool chosen(const LogEntry& entry, const LogOptions& options) {
  if (entry.stream == "stderr" ? !options.stderr_stream : !options.stdout_stream) return false;
  return (!options.since || entry.time >= *options.since) &&
         (!options.until || entry.time <= *options.until);
}

class LogWatch {
 public:
  LogWatch(const fs::path& directory, const fs::path& other)
      : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!fd_) throw sys_error(errno, "watch a log");
    constexpr std::uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF;
    for (const fs::path& path : {directory, other}) {
      // The other directory goes when the container is taken down: then it has ended, too.
      if (::inotify_add_watch(fd_.get(), path.c_str(), kEvents) < 0 && errno != ENOENT) {
        throw sys_error(errno, "watch {}", path.native());
      }
    }
  }

  // False at the deadline.
  bool wait(sys::Deadline deadline) const {
    const bool changed = sys::wait_readable(fd_.get(), deadline);
    std::array<char, 4096> events;
    while (::read(fd_.get(), events.data(), events.size()) > 0) {
    }
    return changed;
  }

 private:
  UniqueFd fd_;
};

}  // namespace

std::optional<LogEntry> parse_log_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text = json.find("log");
  const auto stream = json.find("stream");
  const auto time = json.find("time");
  if (text == json.end() || stream == json.end() || time == json.end() || !text->is_string() ||
      !stream->is_string() || !time->is_string()) {
    return std::nullopt;
  }
  const auto parsed = parse_time(time->get_ref<const std::string&>());
  if (!parsed) return std::nullopt;
  return LogEntry{.stream = *stream, .time = *parsed, .text = *text};
}

void read_log(const fs::path& log, const LogOptions& options, const fs::path& also_watch,
              const std::function<bool()>& alive,
              const std::function<bool(const LogEntry&)>& sink) {
  std::optional<LogWatch> watch;
  if (options.follow) watch.emplace(log.parent_path(), also_watch);
  bool lives = options.follow && alive();
  std::vector<LineReader> files = open_all(log);
  std::deque<LogEntry> tail;
  for (LineReader& file : files) {
    const bool more = file.read([&](std::string_view line) {
      auto entry = parse_log_line(line);
      if (!entry || !chosen(*entry, options)) return true;
      if (!options.tail) return sink(*entry);
      tail.push_back(std::move(*entry));
      if (tail.size() > *options.tail) tail.pop_front();
      return true;
    });
    if (!more) return;
  }
  for (const LogEntry& entry : tail) {
    if (!sink(entry)) return;
  }
  const auto pass_on = [&](std::string_view line) {
    const auto entry = parse_log_line(line);
    return !entry || !chosen(*entry, options) || sink(*entry);
  };
  while (options.follow) {
    // What was written before the end is read after it was noticed.
    const bool last = !lives;
    if (!files.empty() && !files.back().read(pass_on)) return;
    auto current = open_log(log);
    if (current && (files.empty() || files.back().inode() != current->inode())) {
      // Now that there is a new file, the old one is complete.
      if (!files.empty() && !files.back().read(pass_on)) return;
      files.clear();
      files.push_back(std::move(*current));
      continue;
    }
    if (last) return;
    const auto change = [&](sys::Deadline deadline) { return watch->wait(deadline); };
    if (!wait_while(options.go_on, {}, change)) return;
    lives = alive();
  }
}

}  // namespace seatrial::core
