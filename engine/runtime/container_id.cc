#include "engine/runtime/container_id.h"

#include <algorithm>

#include "engine/base/error.h"

namespace seatrial::runtime {

bool is_container_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '.';
  };
  return !id.empty() && id.size() <= kLongestId && id != "." && id != ".." &&
         std::all_of(id.begin(), id.end(), allowed);
}

void check_container_id(std::string_view id) {
  if (is_container_id(id)) return;
  if (id.size() > kLongestId) {
    throw error(Kind::kInvalidArgument, "the container id has {} characters; it may have {}",
                id.size(), kLongestId);
  }
  throw error(Kind::kInvalidArgument,
              "\"{}\" is no container id: one or more of A-Z a-z 0-9 _ + - . and not . or ..", id);
}

}  // namespace seatrial::runtime
