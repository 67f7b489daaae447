// Being told that a cgroup has run out of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {

// Neither reads nor changes anything but what it takes to be told.
class OomWatch {
 public:
  // Throws Error. Watches nothing where no hierarchy has the memory controller.
  explicit OomWatch(const Cgroup& cgroup);

  // Readable when there may be something to tell; -1 where it watches nothing.
  int fd() const { return fd_.get(); }
  // Whether the kernel killed for want of memory since the last call. False also for a cgroup that
  // has gone, which v1 tells in the same way. Empties fd().
  bool take();

 private:
  const Cgroup cgroup_;
  std::string directory_;
  bool v1_ = false;
  UniqueFd control_;  // v1: what the events are about
  UniqueFd fd_;       // v1: eventfd(2); v2: inotify(7)
  std::optional<std::uint64_t> kills_;
};

}  // namespace seatrial::cgroup
