// Programs that run after a while, as nobody's children.
#include <fcntl.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/monitoring.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {

void Runtime::run_later(const LaterRequest& request) {
  constexpr int kCancel = 3;
  if (request.command.empty() || !request.command.front().starts_with('/')) {
    throw error(Kind::kInvalidArgument, "what runs later is not an absolute path");
  }
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  sys::SpawnRequest child{
      .executable = impl_->host.init_program(),
      .args = {"seatrial-init", "wait", std::to_string(request.delay.count()),
               std::to_string(kCancel)},
      .env = Monitoring::environment(),
      .placements = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}, {request.cancel, kCancel}}};
  child.args.insert(child.args.end(), request.command.begin(), request.command.end());
  with_context("run " + request.command.front() + " later", [&] {
    const sys::PidFd first = sys::spawn(child);  // which forks and ends (engine/init/later.h)
    first.wait_exit(std::nullopt);
    const auto end = first.reap();
    if (end && end->code != 0) throw error(Kind::kUnavailable, "it ended with {}", end->code);
  });
}

}  // namespace seatrial::runtime
