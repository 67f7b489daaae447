// A container whose memory stays behind while it is restored already, with a CRIU that works: in a
// lane (lane.lazy_pages).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "engine/runtime/container_fixture.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/host_programs.h"
#include "engine/sys/deadline.h"
#include "engine/sys/network_namespace.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr const char* kPort = "27";
constexpr auto kPatience = 60s;

class LazyPages : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    try {
      sys::bring_up_loopback(sys::own_network_namespace().get());
      criu_ = criu::require_program({});
      criu::require_lazy_pages(criu_);
    } catch (const Error& lack) {
      GTEST_SKIP() << lack.what();
    }
    write_file_atomically(dir_.path() / "config.json", R"({
      "ociVersion": "1.3.0", "root": {"path": "rootfs"},
      "process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "args": ["/usr/bin/sh", "-c",
        "i=0; while :; do i=$((i+1)); echo $i > /counter; (exec /usr/bin/sleep 0.05); done"]},
      "mounts": [
        {"destination": "/proc", "source": "proc", "type": "proc"},)" +
                                                           std::string(kHostPrograms) + R"(],
      "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]}})");
  }

  int counted() const { return fs::exists(counter_) ? std::atoi(read_file(counter_).c_str()) : 0; }

  bool counts_beyond(int number) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (counted() <= number && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(10ms);
    }
    return counted() > number;
  }

  // In a process of its own, since it ends only when all pages are fetched; `told` is what the
  // descriptor of --status-fd is.
  pid_t begin_checkpoint(UniqueFd told) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const std::string failure = failure_of([&] {
      runtime_->checkpoint({.id = id_,
                            .criu = {.images = images_, .lazy_pages = true},
                            .page_server = fmt::format("127.0.0.1:{}", kPort),
                            .pages_ready = [&] { write_all(told.get(), "!", "the pipe"); }});
    });
    if (failure != "(it did not fail)") write_all(2, failure + "\n", "stderr");
    ::_exit(failure == "(it did not fail)" ? 0 : 1);
  }

  // Ready when this returns; it ends when all are fetched.
  sys::PidFd begin_fetching() const {
    const UniqueFd null = open_file("/dev/null", O_RDWR);
    sys::PidFd fetcher = sys::spawn(
        {.path = criu_.native(),
         .args = {"criu", "lazy-pages", "--page-server", "--address", "127.0.0.1", "--port", kPort,
                  "--images-dir", images_, "--work-dir", images_, "--log-file", "lazy.log"},
         .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
         .placements = {{null.get(), 0}, {null.get(), 1}, {null.get(), 2}}});
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!fs::exists(images_ / "lazy-pages.socket") &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(10ms);
    }
    return fetcher;
  }

  const fs::path images_ = dir_.path() / "images";
  const fs::path counter_ = dir_.path() / "rootfs/counter";
  fs::path criu_;
};

TEST_F(LazyPages, AreFetchedWhereTheContainerGoesOn) {
  Child first = runtime_->run({.id = id_, .bundle = dir_.path(), .stdio = {-1, -1, -1}});
  ASSERT_TRUE(counts_beyond(20));
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd told(pipe[0]);
  const pid_t checkpoint = begin_checkpoint(UniqueFd(pipe[1]));
  char ready = 0;
  ASSERT_TRUE(sys::wait_readable(told.get(), sys::after(kPatience)));
  ASSERT_EQ(::read(told.get(), &ready, 1), 1) << "the checkpoint has failed";
  EXPECT_EQ(::waitpid(checkpoint, nullptr, WNOHANG), 0) << "it waits for who fetches them";
  const int last = counted();
  fs::remove(counter_);
  const sys::PidFd fetcher = begin_fetching();
  const std::string second_id = id_ + "-moved";
  Child second = runtime_->restore({.id = second_id,
                                    .bundle = dir_.path(),
                                    .criu = {.images = images_, .lazy_pages = true},
                                    .stdio = {-1, -1, -1},
                                    .detached = true});
  ASSERT_TRUE(counts_beyond(0));
  EXPECT_GT(counted(), last) << "it has begun anew";
  int status = -1;
  EXPECT_EQ(::waitpid(checkpoint, &status, 0), checkpoint);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fetcher.wait_exit(sys::after(kPatience)));
  EXPECT_EQ(fetcher.reap().value_or(sys::ProcessEnd{.code = -1}).code, 0);
  first.wait(5s);
  const int then = counted();
  EXPECT_TRUE(counts_beyond(then));
  std::vector<std::string> left;
  for (const spec::State& each : runtime_->list()) left.push_back(each.id);
  EXPECT_THAT(left, ElementsAre(second_id));
  runtime_->remove(second_id, true);
  second.wait(5s);
}

}  // namespace
}  // namespace seatrial::runtime
