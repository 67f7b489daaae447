// A container that has its caller's terminal for its stdio, through checkpoint and restore, with a
// CRIU that works: in a lane (lane.lazy_pages).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "engine/runtime/container_fixture.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/host_programs.h"
#include "engine/sys/deadline.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kPatience = 60s;

struct Terminal {
  Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(master.get());
    ::unlockpt(master.get());
    slave = open_file(::ptsname(master.get()), O_RDWR | O_NOCTTY);
  }

  Stdio stdio() const { return {slave.get(), slave.get(), slave.get()}; }

  // The next number that is written there; 0: none.
  int next_number() {
    const sys::Deadline deadline = sys::after(kPatience);
    for (;;) {
      const std::size_t end = text.find('\n');
      if (end != std::string::npos) {
        const int number = std::atoi(text.c_str());
        text.erase(0, end + 1);
        return number;
      }
      char bytes[256];
      if (!sys::wait_readable(master.get(), deadline)) return 0;
      const ssize_t got = ::read(master.get(), bytes, sizeof bytes);
      if (got <= 0) return 0;
      text.append(bytes, static_cast<std::size_t>(got));
    }
  }

  UniqueFd master;
  UniqueFd slave;
  std::string text;
};

class TerminalOutside : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    try {
      sys::bring_up_loopback(sys::own_network_namespace().get());
      criu::require_program({});
    } catch (const Error& lack) {
      GTEST_SKIP() << lack.what();
    }
    write_file_atomically(dir_.path() / "config.json", fmt::format(R"({{
      "ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
      "process": {{"cwd": "/", "user": {{"uid": 0, "gid": 0}}, "args": ["/usr/bin/sh", "-c",
        "i=0; while :; do i=$((i+1)); echo $i; (exec /usr/bin/sleep 0.05); done"]}},
      "mounts": [{{"destination": "/proc", "source": "proc", "type": "proc"}}, {}],
      "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}]}}}})",
                                                                   kHostPrograms));
  }
};

// A shell's job is one.
TEST_F(TerminalOutside, IsAnotherOneAfterwards) {
  Terminal before;
  Child first = runtime_->run({.id = id_, .bundle = dir_.path(), .stdio = before.stdio()});
  ASSERT_GT(before.next_number(), 0);
  const CriuRequest criu{.images = dir_.path() / "images", .shell_job = true};
  runtime_->checkpoint({.id = id_, .criu = criu});
  first.wait(5s);
  before.slave.reset();
  int last = 0;
  for (int number = 0; (number = before.next_number()) > 0;) last = number;

  RestoreRequest restore{.id = id_, .bundle = dir_.path(), .criu = criu, .stdio = {-1, -1, -1}};
  EXPECT_THAT(failure_of([&] { runtime_->restore(restore); }),
              HasSubstr("descriptor 0 of the container was a terminal outside of it"));
  Terminal after;
  restore.stdio = after.stdio();
  Child second = runtime_->restore(restore);
  EXPECT_EQ(after.next_number(), last + 1);
  runtime_->remove(id_, true);
  second.wait(5s);
}

}  // namespace
}  // namespace seatrial::runtime
