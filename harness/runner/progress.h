// One line on a terminal that tells how far the run is.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "harness/core/result.h"

namespace seatrial::harness {

enum class ProgressMode { kAuto, kAlways, kNever };

// "[ 34/360] 2 not kept, 1 error   Mounts.ReadOnly on oci:crun   12 s left", on standard error.
class Progress {
 public:
  // kAuto: only when standard error is a terminal.
  Progress(ProgressMode mode, std::size_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void started(const std::string& name, const std::string& target);
  void ended(Verdict verdict);
  // Draws when the last drawing is old enough.
  void draw();
  void clear();

  // How long to wait for events before the next draw().
  std::chrono::milliseconds interval() const;

 private:
  std::string line() const;

  bool shown_ = false;
  bool drawn_ = false;
  int width_ = 0;
  std::size_t total_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  std::size_t errors_ = 0;
  std::string current_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace seatrial::harness
