// The frames in which Docker sends a container's two streams over one connection: a byte that says
// which (1 output, 2 error), three zeros, the length as a big-endian number, the bytes.
#pragma once

#include <string>
#include <string_view>

namespace seatrial::harness {

// What a container or a program in it has written.
struct DockerOutput {
  std::string out = {};
  std::string err = {};
};

// Takes frames in pieces of any size and collects what they carry.
class Stdcopy {
 public:
  // Throws Error{kInvalidArgument} for a stream that does not exist.
  void feed(std::string_view bytes);
  // Throws Error{kUnavailable} when the last frame is not whole: the daemon hung up within it.
  DockerOutput finish();

 private:
  std::string pending_;  // less than a frame
  DockerOutput output_;
};

}  // namespace seatrial::harness
