#include "suites/perf/progress.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "engine/base/error.h"

namespace seatrial::perf {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) {
  interrupted = 1;
}

}  // namespace

void end_rounds_when_asked() {
  struct sigaction action{};
  action.sa_handler = note_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

std::function<void()> progress_over(std::size_t total) {
  return [total, played = std::size_t{0}, watched = ::isatty(STDERR_FILENO) == 1]() mutable {
    if (interrupted != 0) throw error(Kind::kUnavailable, "interrupted");
    if (!watched) return;
    std::fprintf(stderr, "\r%3zu %% ", ++played * 100 / total);
    if (played == total) std::fputs("\r      \r", stderr);
  };
}

}  // namespace seatrial::perf
