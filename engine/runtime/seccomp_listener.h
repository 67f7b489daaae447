// Handing the listener of a seccomp filter with SCMP_ACT_NOTIFY to whoever answers its calls.
#pragma once

#include "engine/spec/config.h"
#include "engine/spec/state.h"

namespace seatrial::runtime {

// Connects to profile.listener_path, sends the container process state of `pid` together with the
// descriptor, and hangs up (config-linux.md, "Seccomp"). Throws Error naming the path.
void send_listener(const spec::Seccomp& profile, const spec::State& state, pid_t pid, int listener);

}  // namespace seatrial::runtime
