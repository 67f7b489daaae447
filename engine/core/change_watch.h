// Waiting for anybody to change the engine's records, in whatever process.
#pragma once

#include <filesystem>

#include "engine/base/unique_fd.h"
#include "engine/sys/deadline.h"

namespace seatrial::core {

// Made before the records are read: a change after that ends the next wait. Every commit writes to
// SQLite's write-ahead log, which inotify(7) tells of.
class ChangeWatch {
 public:
  // `root`: the engine's, with the database in it. Throws Error.
  explicit ChangeWatch(const std::filesystem::path& root);

  // False at the deadline.
  bool wait(sys::Deadline deadline) const;

 private:
  UniqueFd fd_;
};

}  // namespace seatrial::core
