#include "engine/runtime/seccomp_listener.h"

#include "engine/base/error.h"
#include "engine/sys/packet.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {

void send_listener(const spec::Seccomp& profile, const spec::State& state, pid_t pid,
                   int listener) {
  with_context("linux.seccomp.listenerPath", [&] {
    const UniqueFd socket = sys::connect_to(profile.listener_path, sys::SocketType::kStream);
    const std::string document = spec::print_process_state(state, pid, profile.listener_metadata);
    const int descriptors[] = {listener};
    if (!sys::send_packet(socket.get(), document, {}, descriptors)) {
      throw error(Kind::kUnavailable, "{}: the listener hung up", profile.listener_path);
    }
  });
}

}  // namespace seatrial::runtime
