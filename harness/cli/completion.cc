#include <fmt/format.h>

#include <map>

#include "harness/cli/verb_table.h"
#include "harness/cli/verbs.h"

namespace seatrial::cli {
namespace {

// The words that an option's value can be, where the table knows them.
std::string values_of(const OptionRow& option) {
  if (option.value == "TARGET")
    return "reference oci:runc oci:crun oci:youki oci:runsc registry:docker-registry docker "
           "podman dropin:docker dropin:podman dropin:containerd";
  if (option.value == "WHEN") return "auto always never";
  if (option.value == "SHELL") return "bash zsh fish";
  if (option.value == "LANE") return "6.1-v2 6.1-v1 6.1-hybrid 6.1-v2-apparmor 6.1-v2-selinux";
  if (option.value == "LAYOUT") return "v2 v1 hybrid";
  if (option.value == "MODULE") return "apparmor selinux none";
  return "";
}

// Inside single quotes of any of the shells.
std::string quotable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "’";
    else
      out += c;
  }
  return out;
}

// As a description within zsh's _arguments, where brackets and colons mean something.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : quotable(text)) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    out += c;
  }
  return out;
}

// As a pattern of the shells' case.
std::string escaped_space(const std::string& name) {
  const std::size_t space = name.find(' ');
  return space == name.npos ? name : name.substr(0, space) + "\\" + name.substr(space);
}

std::string option_words(const VerbRow& verb) {
  std::string words = fmt::format("{}", fmt::join(verb.verbs, " "));
  for (const OptionRow& option : verb.options) {
    if (option.positional()) {
      words += " " + values_of(option);
    } else {
      words += " " + fmt::format("{}", fmt::join(option.names, " "));
    }
  }
  return words;
}

std::string zsh_action(const OptionRow& option) {
  if (option.value == "DIR") return "_files -/";
  if (option.value == "FILE") return "_files";
  const std::string values = values_of(option);
  return values.empty() ? " " : fmt::format("({})", values);
}

}  // namespace

std::vector<VerbRow> verb_table(const CLI::App& app) {
  std::vector<VerbRow> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto inner = verb->get_subcommands([](const CLI::App*) { return true; });
    VerbRow row{verb->get_name(), verb->get_description(), verb->get_footer(), {}};
    for (const CLI::App* each : inner) row.verbs.push_back(each->get_name());
    for (const CLI::Option* option : verb->get_options()) {
      OptionRow made;
      for (const std::string& name : option->get_lnames()) made.names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) made.names.push_back("-" + name);
      if (made.names.empty()) made.names.push_back(option->get_name());
      if (option->get_items_expected_max() > 0) {
        // Without what a check appends: "N:INT in [1 - 9]".
        made.value = option->get_type_name();
        made.value = made.value.substr(0, made.value.find(':'));
      }
      made.description = option->get_description();
      row.options.push_back(std::move(made));
    }
    const std::string group = row.name;
    verbs.push_back(std::move(row));
    for (VerbRow& each : verb_table(*verb)) {
      each.name = group + " " + each.name;
      verbs.push_back(std::move(each));
    }
  }
  return verbs;
}

std::string bash_completion(const std::vector<VerbRow>& verbs) {
  std::string names;
  std::string words;
  std::string inner;                          // of verbs of two words
  std::map<std::string, std::string> values;  // by option: what compgen is asked for
  for (const VerbRow& verb : verbs) {
    if (!verb.inner()) names += (names.empty() ? "" : " ") + verb.name;
    (verb.inner() ? inner : words) +=
        fmt::format("    {}) words='{}' ;;\n", escaped_space(verb.name), option_words(verb));
    for (const OptionRow& option : verb.options) {
      if (option.value.empty() || option.positional()) continue;
      values[fmt::format("{}", fmt::join(option.names, "|"))] =
          option.value == "DIR"    ? "-d"
          : option.value == "FILE" ? "-f"
                                   : fmt::format("-W '{}'", values_of(option));
    }
  }
  std::string value_cases;
  for (const auto& [pattern, generator] : values) {
    value_cases += fmt::format("    {}) COMPREPLY=($(compgen {} -- \"$current\")); return ;;\n",
                               pattern, generator);
  }
  return fmt::format(
      "# bash completion for seatrial\n"
      "_seatrial_words() {{\n"
      "  local words=''\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '{} --help --version' -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$previous\" in\n{}"
      "  esac\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}"
      "  esac\n"
      "  [ \"$COMP_CWORD\" -le 2 ] || case \"${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}\" in\n{}"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "_seatrial() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  # Targets hold a colon, at which bash breaks words.\n"
      "  declare -F _get_comp_words_by_ref >/dev/null &&\n"
      "    _get_comp_words_by_ref -n : -c current -p previous\n"
      "  _seatrial_words\n"
      "  declare -F __ltrimcolon_completions >/dev/null && __ltrimcolon_completions \"$current\"\n"
      "}}\n"
      "complete -o bashdefault -o default -F _seatrial seatrial\n",
      names, value_cases, words, inner);
}

std::string zsh_completion(const std::vector<VerbRow>& verbs) {
  std::string described;
  std::string cases;
  std::string groups;
  std::string group_names;
  for (const VerbRow& verb : verbs) {
    if (!verb.verbs.empty()) {
      group_names += verb.name + " ";
      groups += fmt::format("    {}) _values verb {} ;;\n", verb.name, fmt::join(verb.verbs, " "));
    }
    if (!verb.inner()) {
      described += fmt::format("    '{}:{}'\n", verb.name, zsh_text(verb.description));
    }
    cases += fmt::format("    {}) _arguments", escaped_space(verb.name));
    for (const OptionRow& option : verb.options) {
      const std::string text = zsh_text(option.description);
      if (option.positional()) {
        cases += fmt::format(" \\\n        '1:{}:{}'", text, zsh_action(option));
        continue;
      }
      for (const std::string& name : option.names) {
        cases += fmt::format(" \\\n        '*{}[{}]", name, text);
        if (!option.value.empty()) {
          cases += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
        }
        cases += "'";
      }
    }
    cases += " ;;\n";
  }
  return fmt::format(
      "#compdef seatrial\n"
      "_seatrial() {{\n"
      "  local -a verbs=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe verb verbs\n"
      "    return\n"
      "  fi\n"
      "  local verb=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  if (( CURRENT == 2 )); then\n"
      "    case $verb in\n{}"
      "      *) ;;\n"
      "    esac\n"
      "  elif [[ \" {}\" == *\" $verb \"* ]]; then\n"
      "    verb=\"$verb $words[2]\"\n"
      "    shift words\n"
      "    (( CURRENT-- ))\n"
      "  fi\n"
      "  case $verb in\n{}"
      "  esac\n"
      "}}\n"
      "_seatrial \"$@\"\n",
      described, groups, group_names, cases);
}

std::string fish_completion(const std::vector<VerbRow>& verbs) {
  std::string out = "# fish completion for seatrial\ncomplete -c seatrial -f\n";
  for (const VerbRow& verb : verbs) {
    const std::size_t space = verb.name.find(' ');
    const std::string first = verb.name.substr(0, space);
    const std::string last = space == verb.name.npos ? first : verb.name.substr(space + 1);
    std::string seen = "__fish_seen_subcommand_from " + first;
    out += fmt::format("complete -c seatrial -n {} -a {} -d '{}'\n",
                       verb.inner() ? "'" + seen + "'" : "__fish_use_subcommand", last,
                       quotable(verb.description));
    if (verb.inner()) seen += "; and __fish_seen_subcommand_from " + last;
    for (const OptionRow& option : verb.options) {
      out += fmt::format("complete -c seatrial -n '{}'", seen);
      for (const std::string& name : option.names) {
        if (name.starts_with("--"))
          out += " -l " + name.substr(2);
        else if (name.starts_with("-"))
          out += " -s " + name.substr(1);
      }
      const bool files = option.value == "DIR" || option.value == "FILE";
      if (!option.positional() && !option.value.empty()) out += " -r";
      if (files) out += " -F";
      const std::string values = values_of(option);
      if (!values.empty()) out += fmt::format(" -a '{}'", values);
      out += fmt::format(" -d '{}'\n", quotable(option.description));
    }
  }
  return out;
}

int completion(const CLI::App& app, const Settings& settings) {
  const std::vector<VerbRow> verbs = verb_table(app);
  fmt::print("{}", settings.shell == "bash"  ? bash_completion(verbs)
                   : settings.shell == "zsh" ? zsh_completion(verbs)
                                             : fish_completion(verbs));
  return kAllKept;
}

}  // namespace seatrial::cli
