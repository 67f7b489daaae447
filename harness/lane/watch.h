// What a machine's output means. Pure: bytes and times go in, output and a verdict come out.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/lane/wire.h"

namespace seatrial::lane {

enum class VerdictKind {
  kExited,       // the job ended by itself
  kKilled,       // a signal ended the job
  kOutOfMemory,  // the machine had no memory left for the job
  kPanic,        // the kernel stopped
  kHang,         // the machine was silent for too long
  kTimeout,      // the job had not ended by its deadline
  kBroken,       // the machine ended or never began: what ran was not tested
};

struct Verdict {
  VerdictKind kind = VerdictKind::kBroken;
  int code = 0;          // of kExited: the exit status; of kKilled: the signal
  std::string sentence;  // says what happened; empty for kExited
};

// Where the output of a job goes.
struct Sinks {
  std::function<void(std::string_view)> standard_output = {};
  std::function<void(std::string_view)> standard_error = {};
  // A collected file begins: the index of its directory, and its path below; then come its bytes.
  std::function<void(std::size_t, std::string_view)> file = {};
  std::function<void(std::string_view)> bytes = {};
};

class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::chrono::seconds deadline{600};
    // Init gives a sign of life every second, however much the job does. A machine that is starved
    // by its host is slow, too.
    std::chrono::seconds silence{120};
    std::chrono::seconds first_sign{300};  // the same until init speaks
  };

  Watch(Sinks sinks, Limits limits, Clock::time_point start);

  // Each takes what has arrived. After a verdict, nothing more is taken.
  void console(std::string_view bytes, Clock::time_point now);
  void results(std::string_view bytes, Clock::time_point now);
  void complaint(std::string_view bytes);  // of QEMU
  void time(Clock::time_point now);
  void ended();  // the machine is gone, and all that it said has been given

  const std::optional<Verdict>& verdict() const { return verdict_; }
  bool alive() const { return alive_; }  // init has spoken

  // When time() is due again.
  Clock::time_point next() const;

 private:
  std::chrono::seconds silence() const { return alive_ ? limits_.silence : limits_.first_sign; }
  void line(std::string_view text);
  void frame(wire::FrameType type, std::string_view payload);
  void file(std::string_view name);
  void finish(wire::FrameType type, std::string_view payload);
  void decide(VerdictKind kind, std::string sentence, int code = 0);

  Sinks sinks_;
  Limits limits_;
  Clock::time_point start_;
  Clock::time_point heard_;
  std::string line_;       // of the console, so far
  std::string pending_;    // of a frame, so far
  std::string last_line_;  // of the console that said something
  std::string complaint_;
  std::string panic_;
  std::string out_of_memory_;  // the kernel's words
  bool alive_ = false;
  std::optional<Verdict> verdict_;
};

}  // namespace seatrial::lane
