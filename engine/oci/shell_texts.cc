#include "engine/oci/shell_texts.h"

#include "engine/base/error.h"
#include "engine/oci/command_line.h"

namespace seatrial::oci {
namespace {

std::string option_words(std::span<const Option> options) {
  std::string words;
  for (const Option& option : options) {
    if (option.refuse.empty()) words += fmt::format("--{} ", option.name);
  }
  return words;
}

std::string verb_words() {
  std::string words;
  for (const Verb& verb : verbs()) words += fmt::format("{} ", verb.name);
  return words;
}

// Used by zsh, too, through bashcompinit. Ids come from list --quiet.
std::string bash_text() {
  std::string text =
      "_seatrial_runtime() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" verb= words= each\n"
      "  for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$each\" in -*) ;; *) verb=\"$each\"; break ;; esac\n"
      "  done\n"
      "  case \"$verb\" in\n";
  for (const Verb& verb : verbs()) {
    text += fmt::format(
        "    {}) words=\"{}{}\" ;;\n", verb.name, option_words(verb.options),
        verb.arguments.starts_with("ID") ? "$(seatrial-runtime list --quiet 2>/dev/null)" : "");
  }
  text += fmt::format("    *) words=\"{}{}\" ;;\n", verb_words(), option_words(global_options()));
  text +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -F _seatrial_runtime seatrial-runtime\n";
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string fish_options(std::span<const Option> options, std::string_view condition) {
  std::string text;
  for (const Option& option : options) {
    if (!option.refuse.empty()) continue;
    text += fmt::format("complete -c seatrial-runtime -n '{}' -l {}", condition, option.name);
    if (option.letter != '\0') text += fmt::format(" -s {}", option.letter);
    if (!option.value.empty()) text += " -r";
    text += fmt::format(" -d {}\n", quoted(option.help));
  }
  return text;
}

std::string fish_text() {
  std::string text = "complete -c seatrial-runtime -f\n";
  text += fish_options(global_options(), "__fish_use_subcommand");
  for (const Verb& verb : verbs()) {
    text += fmt::format("complete -c seatrial-runtime -n __fish_use_subcommand -a {} -d {}\n",
                        verb.name, quoted(verb.summary));
    text += fish_options(verb.options, fmt::format("__fish_seen_subcommand_from {}", verb.name));
  }
  return text;
}

// A leading dot or apostrophe is a request to troff, and - is a hyphen unless escaped.
std::string troff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '-' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string man_options(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    if (!option.refuse.empty()) continue;
    text += ".TP\n.B ";
    if (option.letter != '\0') text += fmt::format("\\-{}, ", option.letter);
    text += troff(fmt::format("--{} {}", option.name, option.value));
    text += fmt::format("\n{}\n", troff(option.help));
  }
  return text;
}

}  // namespace

std::string completion_text(std::string_view shell) {
  if (shell == "bash") return bash_text();
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash_text();
  if (shell == "fish") return fish_text();
  throw error(Kind::kInvalidArgument, "no completion for {}; there is bash, zsh and fish", shell);
}

std::string man_text() {
  std::string text =
      ".TH SEATRIAL\\-RUNTIME 8\n.SH NAME\nseatrial\\-runtime \\- run containers from OCI "
      "bundles\n.SH SYNOPSIS\n.B seatrial\\-runtime\n[global options] command [options] "
      "[arguments]\n.SH GLOBAL OPTIONS\n";
  text += man_options(global_options());
  text += ".SH COMMANDS\n";
  for (const Verb& verb : verbs()) {
    text += fmt::format(".SS {} {}\n{}\n", troff(verb.name), troff(verb.arguments),
                        troff(verb.summary));
    text += man_options(verb.options);
  }
  text +=
      ".SH EXIT STATUS\nrun and exec end with the status of the process they ran, or 128 and the "
      "number of the signal that killed it. All commands end with 1 after an error of their own, "
      "except exec, which ends with 255.\n";
  return text;
}

}  // namespace seatrial::oci
