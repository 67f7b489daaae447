// engine/core as a C++ program uses it: the other half of engine_in_python.py, call by call.
//
//   lifecycle_engine CONTROL_FD DIRECTORY PROGRAM
#include <archive_entry.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/engine.h"
#include "engine/image/tar_stream.h"
#include "engine/sys/memfd.h"
#include "suites/perf/clock.h"
#include "suites/perf/control.h"

namespace {

using namespace seatrial;

// A root file system that holds nothing but the program, as /true.
std::string archive_of(const char* program) {
  const std::string content = read_file(program);
  std::string archive;
  image::TarWriter writer([&](std::span<const std::byte> bytes) {
    archive.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  const image::Entry entry = image::new_entry();
  ::archive_entry_set_pathname(entry.get(), "true");
  ::archive_entry_set_mode(entry.get(), S_IFREG | 0755);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  writer.add(entry.get());
  writer.data(std::as_bytes(std::span(content)));
  writer.finish();
  return archive;
}

void lifecycle(core::Engine& engine) {
  const std::string id = engine.run({.image = "true", .cmd = {"/true"}, .network_mode = "none"});
  const auto code = engine.wait(id);
  engine.remove(id, true, true);
  if (code != 0) throw error(Kind::kInternal, "the container did not end with 0");
}

void serve(int control, const std::filesystem::path& directory, const char* program) {
  core::Engine engine({.root = directory / "root", .run = directory / "run"});
  engine.import(sys::sealed_memfd("true", archive_of(program)).get(), "true");
  lifecycle(engine);  // what an Engine prepares once does not count
  char begin_asked = 0;
  while (::recv(control, &begin_asked, 1, 0) == 1) {
    perf::Reply reply;
    const std::int64_t begin = perf::monotonic_ns();
    lifecycle(engine);
    reply.nanoseconds = perf::monotonic_ns() - begin;
    reply.resident_kib = perf::resident_kib();
    if (::send(control, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: lifecycle_engine CONTROL_FD DIRECTORY PROGRAM\n", stderr);
    return 2;
  }
  try {
    serve(std::atoi(argv[1]), argv[2], argv[3]);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lifecycle_engine: %s\n", failure.what());
    return 1;
  }
  return 0;
}
