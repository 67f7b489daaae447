// Where in a container a mount goes, as its configuration writes it.
#pragma once

#include <filesystem>
#include <string>

namespace seatrial::runtime {

// From the container's root, with neither "." and ".." nor a slash at the end: "/proc". No link is
// looked at.
inline std::string normal_destination(const std::string& destination) {
  std::string normal = (std::filesystem::path("/") / destination).lexically_normal();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

}  // namespace seatrial::runtime
