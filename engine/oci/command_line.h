// The command line as data: one table of verbs and options. The parser, --help, the shell
// completions and the manual page all read it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/given_options.h"

namespace seatrial::oci {

struct Option {
  std::string_view name;   // long name, without dashes
  std::string_view value;  // what its value is called in help; empty: a switch
  std::string_view help;
  char letter = '\0';            // short name
  std::string_view refuse = {};  // why this build does not take it; empty: it does
};

enum class Order {
  kFree,          // options may stand after arguments
  kOptionsFirst,  // all after the container's id is the command's (exec, ps)
};

struct Verb {
  std::string_view name;
  std::string_view arguments;  // "ID [SIGNAL]"
  std::string_view summary;
  std::span<const Option> options;
  std::size_t least = 0;  // number of arguments
  std::size_t most = 0;
  Order order = Order::kFree;
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

std::span<const Option> global_options();
std::span<const Verb> verbs();
// Null for an unknown name.
const Verb* find_verb(std::string_view name);

struct CommandLine {
  GivenOptions globals;
  const Verb* verb = nullptr;  // null: none was given (then --help or --version stands in globals)
  GivenOptions options;
  std::vector<std::string> arguments;
};

// `words` is argv without the program; it must outlive the result. Options are taken as Go's flag
// package and the programs that callers know take them: -name, --name, --name=value, --name value,
// "--" ends them. Throws Error{kInvalidArgument} naming the word, kUnsupported for an option that
// this build refuses by name. `with_globals` is called once the options before the verb are
// understood: what is wrong behind them can be told where they say.
CommandLine parse_command_line(std::span<const std::string_view> words,
                               const std::function<void(const GivenOptions&)>& with_globals = {});

// The text for --help, of the program or of one verb.
std::string help_text(const Verb* verb);

}  // namespace seatrial::oci
