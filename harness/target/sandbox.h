// An engine inside an outer sandbox that does not know newer system calls, as older container
// engines and continuous integration have them: it must do its job without them, or refuse by name.
#pragma once

#include <memory>
#include <string_view>

#include "harness/target/target.h"

namespace seatrial::harness {

// From here on openat2, clone3 and the calls of the new mount API fail with ENOSYS in this process
// and all that it starts. For good. Throws Error where no filter can be loaded.
void refuse_newer_calls();

// Whether the sentence names one of these calls.
bool names_newer_call(std::string_view sentence);

// The target, whose refusals that name such a call throw a Lack: the case does not apply, for the
// engine says what it misses. All else, and what it leaves behind, is judged as ever.
std::unique_ptr<Target> sandboxed(std::unique_ptr<Target> target);

}  // namespace seatrial::harness
