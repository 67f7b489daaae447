#include <CLI/CLI.hpp>

#include "engine/cli/command_line.h"
#include "harness/cli/settings.h"

namespace seatrial::cli {
namespace {

CLI::App* find_group(CLI::App& app, const std::string& name) {
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    if (verb->get_name() == name) return verb;
  }
  return nullptr;
}

void add_options(CLI::App& verb, const engine_cli::Verb& row) {
  for (const engine_cli::Option& option : row.options) {
    std::string names = "--" + std::string(option.name);
    if (option.letter != '\0') names = "-" + std::string(1, option.letter) + "," + names;
    const std::string help(option.help);
    if (option.value.empty()) {
      verb.add_flag(names, help);
    } else {
      verb.add_option(names, help)->type_name(std::string(option.value));
    }
  }
}

}  // namespace

void add_engine_verbs(CLI::App& app) {
  for (const engine_cli::Verb& row : engine_cli::verbs()) {
    if (row.hidden) continue;
    const std::size_t space = row.name.find(' ');
    const std::string first(row.name.substr(0, space));
    CLI::App* verb = find_group(app, first);
    if (verb == nullptr) {
      verb = app.add_subcommand(first);
      verb->group("The engine");
      verb->set_help_flag();
    }
    if (space != row.name.npos) {
      if (verb->get_description().empty()) verb->description("Work with " + first + "s");
      verb = verb->add_subcommand(std::string(row.name.substr(space + 1)));
      verb->set_help_flag();
    }
    verb->description(std::string(row.summary));
    verb->footer(std::string(row.footer));
    add_options(*verb, row);
  }
}

}  // namespace seatrial::cli
