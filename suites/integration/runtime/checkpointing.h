// Containers that go through checkpoint and restore; they count, so that it is seen whether, and
// from where, they go on.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "harness/core/process.h"
#include "harness/fixtures/case.h"

// Throws Lack where CRIU does not do its work here, which is nothing of the engine's.
void need_criu(Subject& subject);

// Counts in /data/counter, in other ways than it does it usually where words for the probe say so.
Bundle counting(const std::vector<std::string>& words = {});

// Where the host sees what the container counts.
std::filesystem::path counter_of(const Box& box);
// How far it has counted; 0: it has not begun.
int counted(const std::filesystem::path& file);
// Waits until it has counted beyond `number`. False when it has not in time.
bool counts_beyond(const std::filesystem::path& file, int number);

std::string images_of(const Box& box);

Outcome checkpoint(Subject& subject, const Box& box, const std::vector<std::string>& options = {});

// A container that was restored under the box's id; the box deletes it once its process has ended.
class Restored {
 public:
  Restored(Subject& subject, const Box& box, const std::vector<std::string>& options = {});
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  ~Restored();

  const Outcome& outcome() const { return outcome_; }
  pid_t pid() const { return process_.pid(); }

 private:
  Outcome outcome_;
  seatrial::harness::Orphan process_;
};

struct TripOptions {
  std::filesystem::path counter = {};  // where it counts in a file of the host's
  std::vector<std::string> both = {};  // of checkpoint and of restore
  std::function<void(const Box&)> before = {};
};

// A container that has been through both. What it needs for that is no case's verdict.
class RoundTrip {
 public:
  using Where = std::source_location;

  RoundTrip(Subject& subject, const Bundle& bundle, const TripOptions& options = {},
            Where where = Where::current());

  Box& box() { return box_; }
  pid_t pid() const { return restored_->pid(); }

 private:
  Box box_;
  std::optional<Restored> restored_;
};
