// From data back to a config.json: what the engine's core composes, the runtime reads.
#pragma once

#include <string>

#include "engine/spec/config.h"

namespace seatrial::spec {

// A document that parse_config() reads as the same configuration, on one line. Mount options are
// printed from Mount::raw_options: who makes a Mount fills those in. What parse_config() could not
// take in (unknown capabilities) is lost.
std::string print_config(const Config& config);

}  // namespace seatrial::spec
