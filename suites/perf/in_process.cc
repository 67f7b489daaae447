// The reference engine as a library, in a process of a chosen resident size.
//
//   lifecycle_reference CONTROL_FD STATE_ROOT BUNDLE ID RESIDENT_MIB
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/base/error.h"
#include "engine/runtime/runtime.h"
#include "suites/perf/clock.h"
#include "suites/perf/control.h"

namespace {

using namespace seatrial;

// Touches so many fresh pages that this process becomes `mib` resident; for good.
void grow_to(std::int64_t mib) {
  const std::int64_t missing = mib * 1024 - perf::resident_kib();
  if (missing <= 0) return;
  const auto size = static_cast<std::size_t>(missing) * 1024;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw sys_error(errno, "map {} MiB", mib);
  std::memset(memory, 1, size);
}

void lifecycle(runtime::Runtime& engine, const runtime::CreateRequest& request) {
  runtime::Child child = engine.run(request);
  const auto status = child.wait();
  engine.remove(request.id);
  if (!status || status->code != 0) {
    throw error(Kind::kInternal, "the container did not end with 0");
  }
}

void serve(int control, char** arguments) {
  runtime::Runtime engine(arguments[0]);
  runtime::CreateRequest request;
  request.id = arguments[2];
  request.bundle = arguments[1];
  lifecycle(engine, request);  // what a Runtime prepares once does not count
  grow_to(std::atoll(arguments[3]));
  char begin_asked = 0;
  while (::recv(control, &begin_asked, 1, 0) == 1) {
    perf::Reply reply;
    const std::int64_t begin = perf::monotonic_ns();
    lifecycle(engine, request);
    reply.nanoseconds = perf::monotonic_ns() - begin;
    reply.resident_kib = perf::resident_kib();
    if (::send(control, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: lifecycle_reference CONTROL_FD STATE_ROOT BUNDLE ID RESIDENT_MIB\n", stderr);
    return 2;
  }
  try {
    serve(std::atoi(argv[1]), argv + 2);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lifecycle_reference: %s\n", failure.what());
    return 1;
  }
  return 0;
}
