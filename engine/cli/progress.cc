#include "engine/cli/progress.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <memory>

#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/relay.h"

namespace seatrial::engine_cli {
namespace {

constexpr std::size_t kBar = 30;
constexpr auto kRedraw = std::chrono::milliseconds(50);

}  // namespace

std::string progress_line(const core::Progress& progress, std::size_t width) {
  std::string line =
      progress.id.empty() ? progress.status : fmt::format("{}: {}", progress.id, progress.status);
  const bool moves = progress.total > 0 && progress.current > 0 &&
                     (progress.status == "Downloading" || progress.status == "Extracting" ||
                      progress.status == "Pushing");
  if (moves) {
    const auto current = static_cast<double>(progress.current);
    const auto total = static_cast<double>(progress.total);
    const auto done = std::min(kBar, static_cast<std::size_t>(current / total * kBar));
    line += fmt::format(" [{}>{}] {:>7}/{}", std::string(done, '='), std::string(kBar - done, ' '),
                        human_size(current), human_size(total));
  }
  return line.substr(0, width);
}

ProgressLines::ProgressLines(int fd) : fd_(fd), width_(79) {
  if (const auto size = terminal_size(fd); size && size->second > 1) width_ = size->second - 1;
}

void ProgressLines::update(const core::Progress& progress) {
  const std::lock_guard guard(mutex_);
  auto found = std::find_if(lines_.begin(), lines_.end(), [&](const core::Progress& each) {
    return each.id == progress.id && !progress.id.empty();
  });
  const auto now = std::chrono::steady_clock::now();
  if (found == lines_.end()) {
    lines_.push_back(progress);
    drawn_.push_back(now);
    write_all(fd_, progress_line(progress, width_) + "\n", "standard error");
    return;
  }
  const auto at = static_cast<std::size_t>(found - lines_.begin());
  const bool same = found->status == progress.status && progress.current < progress.total;
  *found = progress;
  if (same && now - drawn_[at] < kRedraw) return;
  drawn_[at] = now;
  draw(at);
}

void ProgressLines::draw(std::size_t line) {
  const std::size_t up = lines_.size() - line;
  write_all(
      fd_,
      fmt::format("\x1b[{}A\r\x1b[2K{}\x1b[{}B\r", up, progress_line(lines_[line], width_), up),
      "standard error");
}

core::ProgressSink progress_on_terminal(bool quiet) {
  if (quiet || ::isatty(STDERR_FILENO) == 0) return {};
  const auto lines = std::make_shared<ProgressLines>(STDERR_FILENO);
  return [lines](const core::Progress& progress) { lines->update(progress); };
}

}  // namespace seatrial::engine_cli
