#include "engine/cli/command_line.h"

#include <algorithm>
#include <optional>

#include "engine/base/error.h"

namespace seatrial::engine_cli {
namespace {

std::optional<bool> parse_boolean(std::string_view text) {
  for (const char* yes : {"true", "1", "t", "T", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"false", "0", "f", "F", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

template <typename Matches>
const Option* find_option(std::span<const Option> options, Matches matches) {
  const auto found = std::find_if(options.begin(), options.end(), matches);
  return found == options.end() ? nullptr : &*found;
}

std::string shown_name(const Option& option) {
  return option.letter == '\0' ? fmt::format("--{}", option.name)
                               : fmt::format("-{}, --{}", option.letter, option.name);
}

// Walks the words; each step takes the options of one word, or leaves the word as an argument.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  bool at_end() const { return next_ == words_.size(); }
  std::string_view peek() const { return words_[next_]; }
  std::string_view take() { return words_[next_++]; }
  std::size_t position() const { return next_; }

  // The word at hand begins with a dash. False when it asks for help.
  bool take_option(std::span<const Option> options, GivenOptions& values) {
    const std::string_view word = take();
    return word.starts_with("--") ? take_long(word, options, values)
                                  : take_letters(word, options, values);
  }

 private:
  bool take_long(std::string_view word, std::span<const Option> options, GivenOptions& values) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(2, equals == word.npos ? word.npos : equals - 2);
    const Option* option =
        find_option(options, [&](const Option& each) { return each.name == name; });
    if (option == nullptr && name == "help") return false;
    if (option == nullptr) throw error(Kind::kInvalidArgument, "unknown flag: --{}", name);
    if (equals != word.npos) {
      add(*option, word.substr(equals + 1), values);
    } else if (option->value.empty()) {
      values.add(option->name, "true");
    } else {
      if (at_end()) {
        throw error(Kind::kInvalidArgument, "flag needs an argument: --{}", option->name);
      }
      add(*option, take(), values);
    }
    return true;
  }

  bool take_letters(std::string_view word, std::span<const Option> options, GivenOptions& values) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const char letter = word[at];
      const Option* option =
          find_option(options, [&](const Option& each) { return each.letter == letter; });
      if (option == nullptr && letter == 'h') return false;
      if (option == nullptr) {
        throw error(Kind::kInvalidArgument, "unknown shorthand flag: '{}' in {}", letter, word);
      }
      const std::string_view rest = word.substr(at + 1);
      if (rest.starts_with("=")) {
        add(*option, rest.substr(1), values);
        return true;
      }
      if (option->value.empty()) {
        values.add(option->name, "true");
        continue;
      }
      if (rest.empty() && at_end()) {
        throw error(Kind::kInvalidArgument, "flag needs an argument: '{}' in {}", letter, word);
      }
      add(*option, rest.empty() ? take() : rest, values);
      return true;
    }
    return true;
  }

  static void add(const Option& option, std::string_view value, GivenOptions& values) {
    if (!option.value.empty()) return values.add(option.name, value);
    const auto boolean = parse_boolean(value);
    if (!boolean) {
      throw error(Kind::kInvalidArgument,
                  "invalid argument \"{}\" for \"{}\" flag: strconv.ParseBool: parsing \"{}\": "
                  "invalid syntax",
                  value, shown_name(option), value);
    }
    values.add(option.name, *boolean ? "true" : "false");
  }

  std::span<const std::string_view> words_;
  std::size_t next_ = 0;
};

// "-" alone is an argument: standard input or output.
bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

void parse_verb(Parser& parser, CommandLine& line) {
  bool options_may_come = true;
  while (!parser.at_end()) {
    if (options_may_come && parser.peek() == "--") {
      parser.take();
      options_may_come = false;
    } else if (options_may_come && is_option(parser.peek())) {
      if (!parser.take_option(line.verb->options, line.options)) {
        line.help = true;
        return;
      }
    } else {
      line.arguments.emplace_back(parser.take());
      if (line.verb->order == Order::kOptionsFirst) options_may_come = false;
    }
  }
}

std::string option_line(const Option& option) {
  std::string left = option.letter == '\0' ? "      " : fmt::format("  -{}, ", option.letter);
  left += fmt::format("--{}", option.name);
  if (!option.value.empty()) left += fmt::format(" {}", option.value);
  return fmt::format("{:<34} {}\n", left, option.help);
}

}  // namespace

const Verb* find_verb(std::string_view name) {
  const auto all = verbs();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Verb& verb) { return verb.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool is_group(std::string_view word) {
  const auto all = verbs();
  return std::any_of(all.begin(), all.end(), [&](const Verb& verb) {
    return verb.name.starts_with(word) && verb.name.substr(word.size()).starts_with(" ");
  });
}

CommandLine parse_command_line(std::span<const std::string_view> words) {
  CommandLine line;
  Parser parser(words);
  while (!parser.at_end() && is_option(parser.peek())) {
    // An option that is none of the engine's (--version, --help) is not for this parser.
    const std::string_view name = parser.peek().substr(0, parser.peek().find('='));
    const bool known =
        name.starts_with("--") && find_option(global_options(), [&](const Option& each) {
                                    return each.name == name.substr(2);
                                  }) != nullptr;
    if (!known) return line;
    parser.take_option(global_options(), line.globals);
  }
  if (parser.at_end()) return line;
  const std::string first(parser.take());
  line.verb = find_verb(first);
  if (line.verb == nullptr && is_group(first) && !parser.at_end()) {
    line.verb = find_verb(first + " " + std::string(parser.take()));
  }
  if (line.verb != nullptr) parse_verb(parser, line);
  return line;
}

void check_argument_count(const CommandLine& line) {
  const Verb& verb = *line.verb;
  const std::size_t count = line.arguments.size();
  if (count >= verb.least && count <= verb.most) return;
  const std::size_t wanted = count < verb.least ? verb.least : verb.most;
  const std::string_view bound = verb.least == verb.most ? ""
                                 : count < verb.least    ? "at least "
                                                         : "at most ";
  const std::string noun =
      wanted == 0 ? "accepts no arguments"
                  : fmt::format("requires {}{} argument{}", bound, wanted, wanted == 1 ? "" : "s");
  throw error(Kind::kInvalidArgument, "'seatrial {}' {}; usage: seatrial {} [OPTIONS] {}",
              verb.name, noun, verb.name, verb.arguments);
}

std::string group_help(std::string_view group) {
  std::string text = fmt::format("usage: seatrial {} VERB\n\n", group);
  for (const Verb& verb : verbs()) {
    if (verb.hidden || !verb.name.starts_with(group) || verb.name.size() <= group.size()) continue;
    if (verb.name[group.size()] != ' ') continue;
    text += fmt::format("  {:<12} {}\n", verb.name.substr(group.size() + 1), verb.summary);
  }
  return text;
}

std::string help_text(const Verb& verb) {
  std::string text =
      fmt::format("usage: seatrial {}{} {}\n\n{}\n", verb.name,
                  verb.options.empty() ? "" : " [OPTIONS]", verb.arguments, verb.summary);
  if (!verb.options.empty()) text += "\noptions:\n";
  for (const Option& option : verb.options) text += option_line(option);
  if (!verb.footer.empty()) text += fmt::format("\n{}\n", verb.footer);
  return text;
}

}  // namespace seatrial::engine_cli
