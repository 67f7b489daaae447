// How one verb of an engine ended, and how a container's process did.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

namespace seatrial::harness {

// Of a command: its exit status (128 + signal when a signal ended it) and what it printed. Of an
// engine in process: 0 or the status of its Error, and the error's text.
struct Outcome {
  int exit_status = 0;
  bool timed_out = false;
  std::string output = {};
  std::string error_text = {};
  std::chrono::milliseconds duration{0};

  bool succeeded() const { return exit_status == 0 && !timed_out; }
};

// "exit status 1, error text: ..."; what failure messages show.
std::string describe(const Outcome& outcome);
void PrintTo(const Outcome& outcome, std::ostream* stream);

// How the container's process ended, or that it did not.
struct Ending {
  enum class How { kRunning, kExited, kSignalled };
  How how = How::kRunning;
  int code = 0;  // exit status or signal number
};

std::string describe(const Ending& ending);
void PrintTo(const Ending& ending, std::ostream* stream);

}  // namespace seatrial::harness
