#include "harness/runner/bounded_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace seatrial::harness {

void BoundedText::append(std::string_view bytes) {
  const std::size_t room = std::min(half_ - head_.size(), bytes.size());
  head_ += bytes.substr(0, room);
  tail_ += bytes.substr(room);
  // Cut only now and then: each cut moves what stays.
  if (tail_.size() <= 2 * half_) return;
  const std::size_t excess = tail_.size() - half_;
  dropped_ += excess;
  tail_.erase(0, excess);
}

std::string BoundedText::text() const {
  if (complete()) return head_ + tail_;
  const std::size_t excess = tail_.size() - std::min(tail_.size(), half_);
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head_, dropped_ + excess,
                     std::string_view(tail_).substr(excess));
}

}  // namespace seatrial::harness
