// The floor: the least that any runtime must do for the stage's configuration, in plain system
// calls from a small static process: neither are page tables copied nor a helper executed.
//
//   floor CONTROL_FD ROOTFS ID PROGRAM RECIPE
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "suites/perf/clock.h"
#include "suites/perf/control.h"
#include "suites/perf/floor_container.h"

namespace {

using namespace seatrial::perf;

// Create, start, wait, delete. Ends the process when the container did not end with 0; its cgroups
// are gone by then.
void lifecycle(FloorContainer& container) {
  make_cgroups(*container.cgroups, container.recipe->devices);
  const pid_t pid = start_container(container);
  int status = -1;
  if (pid > 0) ::waitpid(pid, &status, 0);
  const int clone_errno = errno;
  remove_cgroups(*container.cgroups);
  errno = pid > 0 ? ECANCELED : clone_errno;
  if (status != 0) die("the container");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: floor CONTROL_FD ROOTFS ID PROGRAM RECIPE\n", stderr);
    return 2;
  }
  const int control = std::atoi(argv[1]);
  const FloorCgroups cgroups = find_cgroups(argv[3]);
  const FloorRecipe recipe = read_recipe(argv[5]);
  FloorContainer container{
      .rootfs = argv[2], .program = argv[4], .cgroups = &cgroups, .recipe = &recipe};
  for (;;) {
    char request = 0;
    if (::recv(control, &request, 1, 0) != 1) return 0;
    Reply reply;
    const std::int64_t begin = monotonic_ns();
    lifecycle(container);
    reply.nanoseconds = monotonic_ns() - begin;
    reply.resident_kib = resident_kib();
    if (::send(control, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) return 0;
  }
}
