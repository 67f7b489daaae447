// The floor of many: the least that containers cost which are started one after the other, stay,
// and are then taken down one after the other, the last first. Each as in floor.cc.
//
//   floor_many CONTROL_FD ROOTFS ID PROGRAM RECIPE
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "suites/perf/clock.h"
#include "suites/perf/control.h"
#include "suites/perf/floor_container.h"

namespace {

using namespace seatrial::perf;

struct Running {
  FloorCgroups cgroups;
  pid_t pid = -1;
};

void start(FloorContainer container, Running& box) {
  container.cgroups = &box.cgroups;
  make_cgroups(box.cgroups, container.recipe->devices);
  box.pid = start_container(container);
}

// Whether it was there to be taken down.
bool remove(const Running& box) {
  bool was_there = false;
  if (box.pid > 0) {
    int status = 0;
    ::kill(box.pid, SIGKILL);
    was_there = ::waitpid(box.pid, &status, 0) == box.pid && WIFSIGNALED(status);
  }
  remove_cgroups(box.cgroups);
  return was_there;
}

// Ends the process when a container did not stay until it was killed; all are gone by then.
ManyReply play(const FloorContainer& container, const std::string& id, std::size_t count) {
  std::vector<Running> boxes(count);
  for (std::size_t i = 0; i < count; ++i) {
    boxes[i].cgroups = find_cgroups(id + "-" + std::to_string(i));
  }
  ManyReply reply;
  const std::int64_t begin = monotonic_ns();
  for (Running& box : boxes) start(container, box);
  const std::int64_t started = monotonic_ns();
  bool all_stayed = true;
  for (; !boxes.empty(); boxes.pop_back()) all_stayed = remove(boxes.back()) && all_stayed;
  reply.start = started - begin;
  reply.remove = monotonic_ns() - started;
  errno = ECANCELED;
  if (!all_stayed) die("a container");
  return reply;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: floor_many CONTROL_FD ROOTFS ID PROGRAM RECIPE\n", stderr);
    return 2;
  }
  const int control = std::atoi(argv[1]);
  const FloorRecipe recipe = read_recipe(argv[5]);
  const FloorContainer container{.rootfs = argv[2], .program = argv[4], .recipe = &recipe};
  for (;;) {
    ManyRequest request;
    if (::recv(control, &request, sizeof request, 0) != sizeof request) return 0;
    const ManyReply reply = play(container, argv[3], request.containers);
    if (::send(control, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) return 0;
  }
}
