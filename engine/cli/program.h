// The engine's verbs as one call: what the program `seatrial` hands its words to.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/cli/command_line.h"
#include "engine/core/engine.h"

namespace seatrial::engine_cli {

class Call;

// A verb of the table whose function another room has, which this one may not know.
struct VerbFunction {
  std::string_view name;
  int (*function)(Call&);
};

// Runs the verb and returns the exit status: 0; 1 when the engine refused; 125 when run, create or
// exec did, or when an option is wrong; 126 and 127 when the container's program cannot be
// run or is not there; the container's own status else. Complaints go to standard error. Nothing:
// the words call none of the engine's verbs.
std::optional<int> run_program(std::span<const std::string_view> words,
                               std::span<const VerbFunction> further = {});

// One verb called: what its function gets. The engine is opened when first asked for.
class Call {
 public:
  explicit Call(const CommandLine& line) : line_(line) {}

  const GivenOptions& options() const { return line_.options; }
  const std::vector<std::string>& arguments() const { return line_.arguments; }
  const std::string& argument(std::size_t at) const { return line_.arguments[at]; }
  const CommandLine& line() const { return line_; }
  core::Engine& engine();

 private:
  const CommandLine& line_;
  std::optional<core::Engine> engine_;
};

// The directories and the exit command that the global options and the environment name.
core::EngineOptions engine_options(const GivenOptions& globals);

}  // namespace seatrial::engine_cli
