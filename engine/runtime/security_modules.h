// Whether this kernel has what labels of a configuration are for.
#pragma once

#include "engine/spec/config.h"

namespace seatrial::runtime {

// Throws Error{kUnsupported} by the JSON path where the process wants a label of a module that is
// not enabled.
void check_labels(const spec::Process& process);

}  // namespace seatrial::runtime
