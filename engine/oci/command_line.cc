#include "engine/oci/command_line.h"

#include <algorithm>
#include <optional>

#include "engine/base/error.h"

namespace seatrial::oci {
namespace {

const Option* find_option(std::span<const Option> options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.name == name ||
           (name.size() == 1 && option.letter != '\0' && option.letter == name[0]);
  });
  return found == options.end() ? nullptr : &*found;
}

bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

// Walks the words; each step takes an option with its value, or leaves the word as an argument.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  bool at_end() const { return next_ == words_.size(); }
  std::string_view peek() const { return words_[next_]; }
  std::string_view take() { return words_[next_++]; }

  // The word at hand is an option: adds it to `values`.
  void take_option(std::span<const Option> options, GivenOptions& values) {
    const std::string_view word = take();
    std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
    std::optional<std::string_view> value;
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const Option* option = find_option(options, name);
    if (option == nullptr) throw error(Kind::kInvalidArgument, "unknown option {}", word);
    if (!option->refuse.empty() && value != "false") {
      throw error(Kind::kUnsupported, "option --{} is not supported: {}", option->name,
                  option->refuse);
    }
    if (!option->value.empty() && !value) {
      if (at_end()) {
        throw error(Kind::kInvalidArgument, "option {} needs a value: {}", word, option->value);
      }
      value = take();
    }
    if (option->value.empty()) check_switch(word, value);
    values.add(option->name, value.value_or("true"));
  }

 private:
  static void check_switch(std::string_view word, std::optional<std::string_view> value) {
    if (!value || *value == "true" || *value == "false") return;
    throw error(Kind::kInvalidArgument, "option {} is a switch: it takes true or false", word);
  }

  std::span<const std::string_view> words_;
  std::size_t next_ = 0;
};

void check_count(const CommandLine& line) {
  const Verb& verb = *line.verb;
  if (line.options.on("help")) return;
  const std::size_t count = line.arguments.size();
  if (count < verb.least) {
    throw error(Kind::kInvalidArgument, "needs {}; see seatrial-runtime {} --help", verb.arguments,
                verb.name);
  }
  if (count > verb.most) {
    throw error(Kind::kInvalidArgument, "unexpected argument {}", line.arguments[verb.most]);
  }
}

void parse_verb(Parser& parser, CommandLine& line) {
  bool options_may_come = true;
  while (!parser.at_end()) {
    if (options_may_come && parser.peek() == "--") {
      parser.take();
      options_may_come = false;
    } else if (options_may_come && is_option(parser.peek())) {
      parser.take_option(line.verb->options, line.options);
    } else {
      line.arguments.emplace_back(parser.take());
      if (line.verb->order == Order::kOptionsFirst) options_may_come = false;
    }
  }
  check_count(line);
}

std::string option_line(const Option& option) {
  std::string left = option.letter == '\0' ? "      " : fmt::format("  -{}, ", option.letter);
  left += fmt::format("--{}", option.name);
  if (!option.value.empty()) left += fmt::format(" {}", option.value);
  const std::string_view text = option.refuse.empty() ? option.help : option.refuse;
  return fmt::format("{:<34} {}{}\n", left, option.refuse.empty() ? "" : "not supported: ", text);
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string_view> words,
                               const std::function<void(const GivenOptions&)>& with_globals) {
  CommandLine line;
  Parser parser(words);
  while (!parser.at_end() && is_option(parser.peek())) {
    parser.take_option(global_options(), line.globals);
  }
  if (with_globals) with_globals(line.globals);
  const bool asks = line.globals.on("help") || line.globals.on("version");
  if (parser.at_end() || asks) return line;
  std::string_view name = parser.take();
  const bool wants_help = name == "help";
  if (wants_help && parser.at_end()) {
    line.globals.add("help", "true");
    return line;
  }
  if (wants_help) name = parser.take();
  line.verb = find_verb(name);
  if (line.verb == nullptr) {
    throw error(Kind::kInvalidArgument, "unknown command {}; see seatrial-runtime --help", name);
  }
  if (wants_help) line.options.add("help", "true");
  with_context(name, [&] { parse_verb(parser, line); });
  return line;
}

std::string help_text(const Verb* verb) {
  std::string text;
  if (verb != nullptr) {
    text = fmt::format("usage: seatrial-runtime {} [options] {}\n\n{}\n\noptions:\n", verb->name,
                       verb->arguments, verb->summary);
    for (const Option& option : verb->options) text += option_line(option);
    return text;
  }
  text =
      "usage: seatrial-runtime [global options] COMMAND [options] [arguments]\n\n"
      "Runs containers from OCI bundles.\n\ncommands:\n";
  for (const Verb& each : verbs()) text += fmt::format("  {:<12} {}\n", each.name, each.summary);
  text += "\nglobal options:\n";
  for (const Option& option : global_options()) text += option_line(option);
  return text;
}

}  // namespace seatrial::oci
