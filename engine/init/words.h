// Text that is put together at run time: messages and paths with a number in them.
#pragma once

#include "engine/init/memory.h"
#include "engine/init/run.h"

namespace seatrial::init {

// Zero bytes are an empty text, so that one may lie in static memory without a constructor.
class Words {
 public:
  void add(const char* text) { add(text, length(text)); }
  void add(const char* bytes, std::size_t size) {
    if (size > sizeof buffer_ - size_) size = sizeof buffer_ - size_;
    memcpy(buffer_ + size_, bytes, size);
    size_ += size;
  }
  void add(int number) {
    char digits[12];
    int at = sizeof digits;
    do {
      digits[--at] = (char)('0' + number % 10);
    } while ((number /= 10) != 0);
    add(digits + at, sizeof digits - (std::size_t)at);
  }
  // The end of what the hook printed.
  void add_tail(int file) {
    struct statx facts;
    if (stat_fd(file, facts) < 0 || facts.stx_size == 0) return;
    add(": ");
    const std::size_t room = sizeof buffer_ - size_;
    const std::uint64_t from = facts.stx_size > room ? facts.stx_size - room : 0;
    const Result size = sys(__NR_pread64, file, buffer_ + size_, room, from);
    if (size > 0) size_ += (std::size_t)size;
    while (size_ > 0 && buffer_[size_ - 1] == '\n') --size_;
  }
  // Valid until more is added.
  const char* text() {
    buffer_[size_ < sizeof buffer_ ? size_ : sizeof buffer_ - 1] = '\0';
    return buffer_;
  }
  void become_detail(Run& run) const {
    run.detail = buffer_;
    run.detail_size = size_;
  }

 private:
  char buffer_[2048];
  std::size_t size_;
};

}  // namespace seatrial::init
