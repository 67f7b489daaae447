// The launcher: from the host's namespaces to the clone of init.
#pragma once

namespace seatrial::init {

// `base` as wire.h has it: the decimal number of the first descriptor that is ours.
[[noreturn]] void launch(const char* base);

}  // namespace seatrial::init
