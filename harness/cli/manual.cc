#include <fmt/format.h>

#include "engine/base/error.h"
#include "harness/cli/verb_table.h"
#include "harness/cli/verbs.h"

namespace seatrial::cli {
namespace {

// Text for roff: what would be a command or an escape is disarmed, hyphens stay hyphens.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\\\";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string option_head(const OptionRow& option) {
  std::string head;
  for (const std::string& name : option.names) {
    if (!head.empty()) head += ", ";
    head += fmt::format("\\fB{}\\fR", roff(option.positional() ? option.value : name));
  }
  if (!option.positional() && !option.value.empty()) {
    head += fmt::format(" \\fI{}\\fR", roff(option.value));
  }
  return head;
}

}  // namespace

std::string manual_page(const std::vector<VerbRow>& verbs, const std::string& description) {
  std::string page = fmt::format(
      ".TH SEATRIAL 1 \"\" \"seatrial {}\" \"Seatrial\"\n.SH NAME\nseatrial \\- {}\n"
      ".SH SYNOPSIS\n.B seatrial\n.I verb\n[options]\n.SH VERBS\n",
      SEATRIAL_VERSION, roff(description));
  for (const VerbRow& verb : verbs) {
    page += fmt::format(".SS {}\n{}.\n", verb.name, roff(verb.description));
    for (const OptionRow& option : verb.options) {
      page += fmt::format(".TP\n{}\n{}.\n", option_head(option), roff(option.description));
    }
    if (!verb.footer.empty()) page += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(verb.footer));
  }
  page +=
      ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, on a terminal either.\n"
      ".TP\n.B SEATRIAL_ROOT\nWhere the engine keeps its data.\n"
      ".TP\n.B SEATRIAL_RUN\nWhere the engine keeps its sockets and state.\n"
      ".TP\n.B SEATRIAL_SUITES\nThe directory that holds the suite programs.\n";
  return page;
}

int manual(const CLI::App& app) {
  fmt::print("{}", manual_page(verb_table(app), app.get_description()));
  return kAllKept;
}

int help(const CLI::App& app, const Settings& settings) {
  if (settings.topic.empty()) {
    fmt::print("{}", app.help());
    return kAllKept;
  }
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_name() == settings.topic) {
      fmt::print("{}", verb->help("seatrial"));
      return kAllKept;
    }
  }
  throw error(Kind::kInvalidArgument, "there is no verb \"{}\"; `seatrial help` prints all",
              settings.topic);
}

}  // namespace seatrial::cli
