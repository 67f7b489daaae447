// The kernel's calls that a container cannot be built without.
#pragma once

namespace seatrial::runtime {

// Throws Error{kUnsupported} naming those that this kernel lacks, or that a sandbox around this
// process answers as if it did.
void require_kernel_calls();

}  // namespace seatrial::runtime
