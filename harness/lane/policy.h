// The policy of a lane with SELinux.
#pragma once

#include <string>

namespace seatrial::lane {

// What the kernel loads. Throws Error{kNotFound} where secilc is not installed.
std::string compile_policy();

}  // namespace seatrial::lane
