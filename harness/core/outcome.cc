#include "harness/core/outcome.h"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace seatrial::harness {

std::string describe(const Outcome& outcome) {
  const std::string how =
      outcome.timed_out
          ? fmt::format("did not return within {} ms and was killed", outcome.duration.count())
          : fmt::format("exit status {}", outcome.exit_status);
  if (outcome.error_text.empty()) return how + ", no error text";
  return how + ", error text: " + outcome.error_text;
}

void PrintTo(const Outcome& outcome, std::ostream* stream) {
  *stream << describe(outcome);
}

std::string describe(const Ending& ending) {
  switch (ending.how) {
    case Ending::How::kRunning:
      return "is still running";
    case Ending::How::kExited:
      return fmt::format("exited with status {}", ending.code);
    case Ending::How::kSignalled:
      break;
  }
  const char* name = ::sigabbrev_np(ending.code);
  return fmt::format("was ended by signal {} ({}{})", ending.code, name == nullptr ? "" : "SIG",
                     name == nullptr ? "unknown" : name);
}

void PrintTo(const Ending& ending, std::ostream* stream) {
  *stream << describe(ending);
}

}  // namespace seatrial::harness
