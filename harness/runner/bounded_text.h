// Output of a child, of which a bounded part is kept.
#pragma once

#include <string>
#include <string_view>

namespace seatrial::harness {

// Keeps the first and the last `half` bytes of what is appended; what was between is counted.
class BoundedText {
 public:
  explicit BoundedText(std::size_t half) : half_(half) {}

  void append(std::string_view bytes);

  bool complete() const { return dropped_ == 0 && tail_.size() <= half_; }
  // With a line that tells how many bytes were left out, where some were.
  std::string text() const;

 private:
  std::size_t half_;
  std::string head_;
  std::string tail_;
  std::size_t dropped_ = 0;
};

}  // namespace seatrial::harness
