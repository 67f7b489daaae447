// Where documents of different versions of the specification mean different things.
#pragma once

#include <string_view>

namespace seatrial::spec {

// Whether `version` ("1.0.2-dev"), which parse_config() took, is 1.3.0 or later. Since then a
// failing poststart hook is an error, and a pids.limit of 0 is a limit; before, the limit had to be
// given, and programs in Go write 0 where they want none.
bool is_1_3_or_later(std::string_view version);

}  // namespace seatrial::spec
