// What a configuration may mount on /proc and inside of it, so that programs find the kernel's word
// there and masked paths stay masked.
#pragma once

#include "engine/spec/config.h"

namespace seatrial::runtime {

// Throws Error{kInvalidArgument} by the JSON path for a mount on /proc that is no procfs, and for a
// bind inside /proc, unless it is of a procfs or covers one of the files by which runc lets a
// container be told of its limits. Paths count as they are written: init refuses what links would
// put over a procfs.
void check_proc_mounts(const spec::Config& config);

}  // namespace seatrial::runtime
