// Points in time as Docker writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/container_types.h"

namespace seatrial::core {

// RFC 3339, UTC, nanoseconds without trailing zeros: "2026-01-02T03:04:05.5Z".
std::string print_time(Time time);
// Go's zero time, "0001-01-01T00:00:00Z", for what has not happened.
std::string print_time(const std::optional<Time>& time);

// RFC 3339 with any offset and up to nine decimals. Nothing for another text.
std::optional<Time> parse_time(std::string_view text);

std::int64_t to_nanoseconds(Time time);
Time from_nanoseconds(std::int64_t nanoseconds);

// "3 seconds", "About an hour", "2 weeks", as docker tells ages.
std::string human_duration(std::chrono::seconds duration);

}  // namespace seatrial::core
