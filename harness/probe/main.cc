// seatrial-probe COMMAND [OPERAND...] [, COMMAND ...]: see docs/writing-cases.md.
#include <unistd.h>

#include <cstring>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {

int argument_count = 0;
char** arguments = nullptr;

namespace {

Command find(const std::string& name) {
  for (const auto* commands :
       {&count_commands(), &file_commands(), &identity_commands(), &kernel_commands(),
        &life_commands(), &sweep_commands(), &pressure_commands(), &reach_commands(),
        &outside_commands(), &flaw_commands(), &scheduling_commands(), &serve_commands(),
        &advertise_commands()}) {
    for (const NamedCommand& command : *commands) {
      if (command.name == name) return command.run;
    }
  }
  return nullptr;
}

int run_all() {
  Operands words;
  for (int i = 1; i <= argument_count; ++i) {
    const bool end = i == argument_count || std::strcmp(arguments[i], ",") == 0;
    if (!end) {
      words.emplace_back(arguments[i]);
      continue;
    }
    if (words.empty()) continue;
    const Command command = find(words[0]);
    if (command == nullptr) {
      JsonLine("unknown", words[0]).print();
      return 64;
    }
    command(Operands(words.begin() + 1, words.end()));
    words.clear();
  }
  JsonLine("end").print();
  return 0;
}

}  // namespace
}  // namespace seatrial::probe

int main(int argc, char** argv) {
  using namespace seatrial::probe;  // NOLINT: main alone
  argument_count = argc;
  arguments = argv;
  if (argc > 2 && std::strcmp(argv[1], "hook") == 0) {
    return run_hook(Operands(argv + 2, argv + argc));
  }
  if (runs_outside()) {
    JsonLine("outside").text("message", "the probe runs in the namespaces of the harness").print();
    return kOutsideStatus;
  }
  return run_all();
}
