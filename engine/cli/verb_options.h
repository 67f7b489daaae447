// The options of run and create, and of exec: tables long enough for a file of their own.
#pragma once

#include <span>

#include "engine/cli/command_line.h"

namespace seatrial::engine_cli {

// Those of create are those of run without its first `kOnlyOfRun`.
std::span<const Option> run_options();
inline constexpr std::size_t kOnlyOfRun = 3;

}  // namespace seatrial::engine_cli
