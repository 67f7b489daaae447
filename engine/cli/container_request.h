// run and create, exec, update: from options to the engine's typed requests. Pure, but for what
// `Surroundings` offers.
#pragma once

#include <string>

#include "engine/cli/command_line.h"
#include "engine/cli/option_values.h"
#include "engine/core/container_types.h"

namespace seatrial::engine_cli {

enum class PullWhen { kMissing, kAlways, kNever };

struct RunRequest {
  core::ContainerRequest container = {};
  bool detach = false;
  bool pass_signals = true;
  PullWhen pull = PullWhen::kMissing;
  bool quiet = false;
  std::string id_file = {};
  std::string detach_keys = {};  // the bytes; empty: none detach
};

// Throws Error{kInvalidArgument}: one sentence, in docker's words where it has some.
RunRequest parse_run(const CommandLine& line, const Surroundings& around);

struct ExecCall {
  std::string container = {};
  core::ExecRequest request = {};
  bool interactive = false;
  bool detach = false;
};
ExecCall parse_exec(const CommandLine& line, const Surroundings& around);

core::ResourceLimits parse_limits(const GivenOptions& options);

// "ctrl-p,ctrl-q", "a,ctrl-@" -> the bytes that a terminal sends.
std::string parse_detach_keys(const std::string& text);

}  // namespace seatrial::engine_cli
