#include "harness/target/stdcopy.h"

#include <cstdint>
#include <utility>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

constexpr std::size_t kHeader = 8;

std::uint32_t length_of(std::string_view header) {
  std::uint32_t length = 0;
  for (std::size_t i = 4; i < kHeader; ++i) {
    length = length << 8 | static_cast<unsigned char>(header[i]);
  }
  return length;
}

}  // namespace

void Stdcopy::feed(std::string_view bytes) {
  pending_ += bytes;
  std::string_view rest = pending_;
  while (rest.size() >= kHeader) {
    const char stream = rest[0];
    // 0 is standard input, which daemons echo as output; 3 is an error of the daemon's own.
    if (stream < 0 || stream > 3 || rest.substr(1, 3) != std::string_view("\0\0\0", 3)) {
      throw error(Kind::kInvalidArgument,
                  "the daemon's stream has a frame of kind {}, which is none: is it a terminal's?",
                  static_cast<int>(static_cast<unsigned char>(stream)));
    }
    const std::uint32_t length = length_of(rest);
    if (rest.size() - kHeader < length) break;
    (stream < 2 ? output_.out : output_.err) += rest.substr(kHeader, length);
    rest.remove_prefix(kHeader + length);
  }
  pending_.erase(0, pending_.size() - rest.size());
}

DockerOutput Stdcopy::finish() {
  if (!pending_.empty()) {
    throw error(Kind::kUnavailable, "the daemon hung up within a frame, {} bytes into it",
                pending_.size());
  }
  return std::exchange(output_, {});
}

}  // namespace seatrial::harness
