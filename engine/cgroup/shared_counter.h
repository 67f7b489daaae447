#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "engine/cgroup/cgroup_fixture.h"

namespace seatrial::cgroup {

// A counter that a child and the test share.
class SharedCounter {
 public:
  SharedCounter()
      : value_(static_cast<std::atomic<long>*>(::mmap(nullptr, sizeof(std::atomic<long>),
                                                      PROT_READ | PROT_WRITE,
                                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { ::munmap(value_, sizeof(std::atomic<long>)); }
  void count() { value_->fetch_add(1); }
  long value() const { return value_->load(); }
  // True when it moved within `time`.
  bool moves(std::chrono::milliseconds time) const {
    const long before = value();
    const auto until = in(time);
    while (std::chrono::steady_clock::now() < until) {
      if (value() != before) return true;
      ::usleep(1000);
    }
    return false;
  }

 private:
  std::atomic<long>* value_;
};

}  // namespace seatrial::cgroup
