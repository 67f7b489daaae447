// What a case may say about an Outcome or an Ending.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "harness/core/outcome.h"

namespace seatrial::harness {

// Matchers that take an Outcome take everything that has an outcome(), too: a Box, an ExecResult.
inline const Outcome& outcome_of(const Outcome& outcome) {
  return outcome;
}
template <typename Subject>
const Outcome& outcome_of(const Subject& subject) {
  return subject.outcome();
}

// The verb returned 0.
MATCHER(Succeeded, negation ? "did not succeed" : "succeeded") {
  *result_listener << describe(outcome_of(arg));
  return outcome_of(arg).succeeded();
}

// The verb returned, in time, with a status other than 0 and a word about why.
MATCHER(Refused, negation ? "was not refused" : "was refused with an error text") {
  const Outcome& outcome = outcome_of(arg);
  *result_listener << describe(outcome);
  return !outcome.timed_out && outcome.exit_status != 0 && !outcome.error_text.empty();
}

// Refused(), and the error text fits: RefusedWith(HasSubstr("cwd")).
MATCHER_P(RefusedWith, text,
          "was refused with an error text that " +
              ::testing::DescribeMatcher<const std::string&>(text, negation)) {
  const Outcome& outcome = outcome_of(arg);
  *result_listener << describe(outcome);
  return !outcome.timed_out && outcome.exit_status != 0 &&
         ::testing::ExplainMatchResult(text, outcome.error_text, result_listener);
}

// The container's process exited with this status.
MATCHER_P(Exited, code, "exited with status " + ::testing::PrintToString(code)) {
  *result_listener << "it " << describe(arg);
  return arg.how == Ending::How::kExited && arg.code == code;
}

// A signal ended the container's process.
MATCHER_P(Signalled, signal, "was ended by signal " + ::testing::PrintToString(signal)) {
  *result_listener << "it " << describe(arg);
  return arg.how == Ending::How::kSignalled && arg.code == signal;
}

MATCHER(StillRunning, "is still running") {
  *result_listener << "it " << describe(arg);
  return arg.how == Ending::How::kRunning;
}

}  // namespace seatrial::harness
