// The named commands of the probe. docs/writing-cases.md says what each answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::probe {

using Operands = std::vector<std::string>;
using Command = void (*)(const Operands&);

struct NamedCommand {
  std::string_view name;
  Command run;
};

// files.cc: what a process can do with paths.
const std::vector<NamedCommand>& file_commands();
// identity.cc: what a process is.
const std::vector<NamedCommand>& identity_commands();
// kernel.cc: what the kernel lets a process do.
const std::vector<NamedCommand>& kernel_commands();
// life.cc: waiting, ending, children, resources.
const std::vector<NamedCommand>& life_commands();

// serve.cc: answering over the network.
const std::vector<NamedCommand>& serve_commands();

// The whole text of a small file, at most `limit` bytes; errno is 0 or why there is none.
std::string read_text(const std::string& path, std::size_t limit = 1 << 20);

// Runs `body` in a child. Returns its wait status.
int in_child(int (*body)(const Operands&), const Operands& operands);

// argv as it came; set by main().
extern int argument_count;
extern char** arguments;

// hook.cc: `hook FILE CODE [hang]`, args[0] being the hook's name. Returns the exit status.
int run_hook(const Operands& operands);

// guard.cc: refuses to go on in the namespaces of the harness. A file /probe.outside, written into
// each bundle, holds the inodes of the harness' pid and mount namespace; where there is none (hooks
// on the host) nothing is checked.
bool runs_outside();

}  // namespace seatrial::probe
