// Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::runtime {

struct HookRun {
  std::string_view kind = {};  // "createRuntime", for messages
  std::string state = {};      // the state document for stdin
  std::string directory = {};  // working directory
  int abort_fd = -1;  // when it becomes readable (a process descriptor), the hook is killed
};

// Runs one hook to its end. Throws Error naming kind, path, exit and the end of what the hook
// wrote to stdout and stderr, or the timeout that passed.
void run_hook(const spec::Hook& hook, const HookRun& run);

// In order; the first that fails ends the row.
void run_hooks(const std::vector<spec::Hook>& hooks, const HookRun& run);

}  // namespace seatrial::runtime
