// Device rules as tests write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/spec/config.h"

namespace seatrial::cgroup {

inline spec::DeviceRule rule(bool allow, char type = 'a', std::optional<std::int64_t> major = {},
                             std::optional<std::int64_t> minor = {},
                             std::string_view access = "rwm") {
  const auto has = [&](char letter) { return access.find(letter) != access.npos; };
  return {.allow = allow,
          .type = type,
          .major = major,
          .minor = minor,
          .read = has('r'),
          .write = has('w'),
          .mknod = has('m')};
}

}  // namespace seatrial::cgroup
