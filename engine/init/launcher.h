// The launcher: from the host's namespaces to the clone of init.
#pragma once

#include <cstdint>

namespace seatrial::init {

// What a launcher knows of the monitor that it was forked from; all 0: there is none.
struct Monitored {
  int monitor = 0;                 // its process id
  std::int32_t* cloned = nullptr;  // in memory that both share: gets init's process id
};

// `base` as wire.h has it: the decimal number of the first descriptor that is ours.
[[noreturn]] void launch(const char* base, const Monitored& monitored = {});

// The number; -1 for what is none, or cannot be a base.
int parse_base(const char* digits);

}  // namespace seatrial::init
