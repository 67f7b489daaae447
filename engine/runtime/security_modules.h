// Whether this kernel has what labels of a configuration are for.
#pragma once

#include "engine/spec/config.h"

namespace seatrial::runtime {

// Throw Error by the JSON path: kUnsupported where a label of a module is wanted that is not
// enabled, kInvalidArgument where the kernel's policy has no such label of SELinux.
void check_labels(const spec::Process& process);
void check_mount_label(const std::string& label);

}  // namespace seatrial::runtime
