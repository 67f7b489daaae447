// The named commands of the probe. docs/writing-cases.md says what each answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::probe {

using Operands = std::vector<std::string>;
using Command = void (*)(const Operands&);

constexpr int kOutsideStatus = 65;

struct NamedCommand {
  std::string_view name;
  Command run;
};

// count.cc: going on.
const std::vector<NamedCommand>& count_commands();
// files.cc: what a process can do with paths.
const std::vector<NamedCommand>& file_commands();
// identity.cc: what a process is.
const std::vector<NamedCommand>& identity_commands();
// kernel.cc: what the kernel lets a process do.
const std::vector<NamedCommand>& kernel_commands();
// life.cc: waiting, ending, children, resources.
const std::vector<NamedCommand>& life_commands();
// scheduling.cc: when and where a process runs.
const std::vector<NamedCommand>& scheduling_commands();
// sweep.cc: many system calls in a row.
const std::vector<NamedCommand>& sweep_commands();
// pressure.cc: using up what there is.
const std::vector<NamedCommand>& pressure_commands();
// reach.cc: what is not the process's own.
const std::vector<NamedCommand>& reach_commands();
// outside.cc: ways that have led out of containers.
const std::vector<NamedCommand>& outside_commands();
// flaws.cc: what kernels once let a process do.
const std::vector<NamedCommand>& flaw_commands();

// advertise.cc: claiming to be a router.
const std::vector<NamedCommand>& advertise_commands();

// serve.cc: answering over the network.
const std::vector<NamedCommand>& serve_commands();

// The whole text of a small file, at most `limit` bytes; errno is 0 or why there is none.
std::string read_text(const std::string& path, std::size_t limit = 1 << 20);

// Runs `body` in a child. Returns its wait status.
int in_child(int (*body)(const Operands&), const Operands& operands);

// argv as it came; set by main().
extern int argument_count;
extern char** arguments;

// hook.cc: `hook FILE NUMBER [hang|once|raise]`, args[0] being the hook's name. Returns the exit
// status.
int run_hook(const Operands& operands);

// guard.cc: refuses to go on in the namespaces of the harness. A file /probe.outside, written into
// each bundle, or else the variable PROBE_OUTSIDE holds the inodes of the harness' pid and mount
// namespace; where there is neither (hooks on the host) nothing is checked.
bool runs_outside();
// For commands that would do harm outside: ends the process where nobody says what outside is.
void require_inside();

}  // namespace seatrial::probe
