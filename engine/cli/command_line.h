// The command line as data: one table of verbs and options, that the parser, help, completion and
// the manual page read. Reading it costs nothing at start: no object is made for a verb that is not
// called.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/given_options.h"

namespace seatrial::engine_cli {

struct Option {
  std::string_view name;   // long name, without dashes
  std::string_view value;  // what its value is called in help; empty: a switch
  std::string_view help;
  char letter = '\0';  // short name
};

enum class Order {
  kFree,          // options may stand after arguments
  kOptionsFirst,  // all after the first argument is the container's command (run, exec)
};

struct Verb {
  std::string_view name;       // "run", "volume create"
  std::string_view arguments;  // "IMAGE [COMMAND] [ARG...]"
  std::string_view summary;
  std::span<const Option> options = {};
  std::size_t least = 0;  // number of arguments
  std::size_t most = 0;
  Order order = Order::kFree;
  bool hidden = false;            // from help and completion
  std::string_view footer = {};   // of help: what the arguments are, examples
  std::string_view same_as = {};  // docker's other form of this verb: "ps" of "container ls"

  // The verb whose function this one calls.
  std::string_view function() const { return same_as.empty() ? name : same_as; }
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

// What stands before the verb: where the engine's directories are.
std::span<const Option> global_options();
std::span<const Verb> verbs();
// Null for an unknown name.
const Verb* find_verb(std::string_view name);
// Whether `word` begins a verb of two words: "volume".
bool is_group(std::string_view word);

struct CommandLine {
  GivenOptions globals;
  const Verb* verb = nullptr;  // null: the words call no verb of the engine
  GivenOptions options;
  std::vector<std::string> arguments;
  bool help = false;  // --help was among the options; nothing else was checked
};

// `words` is argv without the program; it must outlive the result. Options are taken as docker's
// are: --name value, --name=value, -n value, -nvalue, -n=value, switches as --name, --name=false
// and -abc; "--" ends them. Throws Error{kInvalidArgument} in docker's words.
CommandLine parse_command_line(std::span<const std::string_view> words);
// Throws Error{kInvalidArgument} when the verb takes fewer or more.
void check_argument_count(const CommandLine& line);

// A group without a known second word: "volume", "volume frob". Its help lists the verbs.
std::string group_help(std::string_view group);
std::string help_text(const Verb& verb);

}  // namespace seatrial::engine_cli
