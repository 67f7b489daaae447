#include "harness/runner/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "harness/report/style.h"
#include "harness/report/visible_text.h"

namespace seatrial::harness {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kInterval{150};

}  // namespace

Progress::Progress(ProgressMode mode, std::size_t total)
    : shown_(mode == ProgressMode::kAlways ||
             (mode == ProgressMode::kAuto && ::isatty(STDERR_FILENO) != 0)),
      width_(style_of(STDERR_FILENO).width),
      total_(total),
      start_(steady_clock::now()) {
  if (width_ == 0) width_ = 80;
}

void Progress::started(const std::string& name, const std::string& target) {
  current_ = one_line(name) + " on " + one_line(target);
}

void Progress::ended(Verdict verdict) {
  ++done_;
  if (verdict == Verdict::kFail) ++failed_;
  if (verdict == Verdict::kError) ++errors_;
}

milliseconds Progress::interval() const {
  return shown_ ? kInterval : milliseconds(60000);
}

std::string Progress::line() const {
  const auto digits = std::to_string(total_).size();
  std::string text = fmt::format("[{:>{}}/{}]", done_, digits, total_);
  if (failed_ > 0) text += fmt::format(" {} not kept", failed_);
  if (errors_ > 0) text += fmt::format(" {} error{}", errors_, errors_ == 1 ? "" : "s");
  if (done_ > 0) {
    const std::chrono::duration<double> spent = steady_clock::now() - start_;
    const double left =
        spent.count() * static_cast<double>(total_ - done_) / static_cast<double>(done_);
    text += fmt::format("  {:.0f} s left", left);
  }
  return text + "  " + current_;
}

void Progress::draw() {
  const auto now = steady_clock::now();
  if (!shown_ || (drawn_ && now - last_ < kInterval)) return;
  last_ = now;
  drawn_ = true;
  // One column stays free: a full line would make some terminals wrap.
  fmt::print(stderr, "\r{}", fitted(line(), width_ - 1));
  std::fflush(stderr);
}

void Progress::clear() {
  if (!drawn_) return;
  drawn_ = false;
  fmt::print(stderr, "\r{}\r", std::string(static_cast<std::size_t>(width_ - 1), ' '));
  std::fflush(stderr);
}

}  // namespace seatrial::harness
