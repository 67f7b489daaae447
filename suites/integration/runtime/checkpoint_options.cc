// What the options of checkpoint and restore ask CRIU for: what else of a container is kept, and
// where its memory goes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/deadline.h"
#include "harness/core/deadline_scale.h"
#include "suites/integration/runtime/checkpointing.h"

namespace fs = std::filesystem;

namespace {

constexpr const char* kPages = "pages-1.img";

// A datagram socket of the host, in a directory for it.
class Mailbox {
 public:
  explicit Mailbox(fs::path directory)
      : directory_(std::move(directory)),
        socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().native().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  const fs::path& directory() const { return directory_; }
  fs::path path() const { return directory_ / "box"; }

  // The number in the oldest datagram; 0: none came in time.
  int take() const {
    char text[16] = {};
    seatrial::sys::wait_readable(socket_.get(), seatrial::sys::after(scaled(10s)));
    return ::recv(socket_.get(), text, sizeof text - 1, 0) > 0 ? std::atoi(text) : 0;
  }

  // Forgets what has come so far.
  void empty() const {
    char text[16];
    while (::recv(socket_.get(), text, sizeof text, 0) >= 0) continue;
  }

 private:
  fs::path directory_;
  seatrial::UniqueFd socket_;
};

// Counts, and tells the mailbox, which has the same path inside: CRIU goes by the name to which the
// host's process has bound it.
// In the network namespace of that process, beyond which CRIU knows no sockets.
Bundle telling(const Mailbox& mailbox) {
  return counting({"told", mailbox.path()})
      .without_namespace("network")
      .bind(mailbox.directory(), mailbox.directory());
}

// Restores the container, which goes on from where it has counted to in `counter`.
void expect_to_count_on(Subject& subject, const Box& box, const fs::path& counter) {
  const int last = counted(counter);
  const Restored restored(subject, box);
  ASSERT_THAT(restored.outcome(), Succeeded());
  EXPECT_TRUE(counts_beyond(counter, last));
}

constexpr const char* kBelow = "below";
constexpr const char* kProcesses = "cgroup.procs";
constexpr const char* kProcessesBelow = "below/cgroup.procs";
// What CRIU keeps of a cgroup of v1. Of v2 it keeps no value at all.
constexpr const char* kKept = "cgroup.clone_children";

bool has_values_that_are_kept(const Box& box) {
  return fs::exists(box.cgroup("pids") / kKept);
}

void write_in_cgroup(const Box& box, const std::string& file, const std::string& text) {
  const fs::path path = box.cgroup("pids") / file;
  seatrial::write_all(seatrial::open_file(path, O_WRONLY).get(), text, path.native());
}

// As a container does that makes cgroups of its own, and somebody who is not content with its own.
void change_cgroup(const Box& box) {
  fs::create_directory(box.cgroup("pids") / kBelow);
  write_in_cgroup(box, kProcessesBelow, std::to_string(box.pid()));
  if (has_values_that_are_kept(box)) write_in_cgroup(box, kKept, "1");
}

// A connection to 127.0.0.1.
seatrial::UniqueFd call(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(port);
  seatrial::UniqueFd caller(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(caller.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
  return caller;
}

bool is_locked(const fs::path& file) {
  const seatrial::UniqueFd fd = seatrial::open_file(file, O_RDONLY);
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// What of the file is really there.
long blocks_of(const fs::path& file) {
  struct stat status{};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return status.st_blocks;
}

// Memory alone, into a directory beside the images.
fs::path pre_dump(Subject& subject, const Box& box) {
  const fs::path directory = box.bundle() / "before";
  EXPECT_THAT(subject.command({"checkpoint", "--pre-dump", "--image-path", directory, box.id()}),
              Succeeded());
  return directory;
}

}  // namespace

// A lock, a connection, a peer outside: CRIU takes none of them along unasked.
TRIAL(CheckpointOptions, AreNeededForWhatReachesOut, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  const Mailbox mailbox(scratch_dir("post"));
  for (const Bundle& bundle : {counting({"locked"}), counting({"looped"}), telling(mailbox)}) {
    auto box = target().run(bundle);
    ASSERT_TRUE(counts_beyond(counter_of(box), 0));
    EXPECT_THAT(checkpoint(target(), box), Refused());
    const int then = counted(counter_of(box));
    EXPECT_TRUE(counts_beyond(counter_of(box), then));
    EXPECT_EQ(box.state().status, "running");
  }
}

TRIAL(CheckpointOptions, KeepFileLocks, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  RoundTrip trip(target(), counting({"locked"}), {.both = {"--file-locks"}});
  EXPECT_TRUE(is_locked(counter_of(trip.box())));
  EXPECT_FALSE(is_locked(trip.box().bundle() / "config.json"));  // control
}

TRIAL(CheckpointOptions, KeepConnections, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  // It counts no further when a number does not come through.
  const RoundTrip trip(target(), counting({"looped"}), {.both = {"--tcp-established"}});
}

// One that has called is not part of the container, and nobody has taken the call.
TRIAL(CheckpointOptions, LeaveOutACallThatNobodyHasTaken, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting({"listening", "2700"}).without_namespace("network"));
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  seatrial::UniqueFd caller = call(2700);
  EXPECT_THAT(checkpoint(target(), box), Refused());
  ASSERT_THAT(checkpoint(target(), box, {"--tcp-skip-in-flight"}), Succeeded());
  caller.reset();
  const int last = counted(counter_of(box));
  const Restored restored(target(), box);
  ASSERT_THAT(restored.outcome(), Succeeded());
  EXPECT_TRUE(counts_beyond(counter_of(box), last));
  call(2700);  // it listens again
}

TRIAL(CheckpointOptions, KeepAPeerOutside, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  const Mailbox mailbox(scratch_dir("post"));
  RoundTrip trip(target(), telling(mailbox), {.both = {"--ext-unix-sk"}});
  const int then = counted(counter_of(trip.box()));
  mailbox.empty();  // what comes from here on was told later
  EXPECT_GE(mailbox.take(), then);
}

// CRIU starts in the cgroup that the configuration asks for. What was changed since in the first
// one is put there by the modes full and strict alone; what the container has made below is made
// anew by all but ignore.
TRIAL(CheckpointOptions, KeepTheCgroupInEachMode, Clauses{"runtime/resources/pids-limit"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kPidsCgroup}) {
  struct Mode {
    const char* name;
    bool restores_values;
    bool restores_cgroups;
  };
  constexpr Mode kModes[] = {{"soft", false, true},
                             {"full", true, true},
                             {"strict", true, true},
                             {"ignore", false, false}};
  for (const Mode& mode : kModes) {
    SCOPED_TRACE(mode.name);
    RoundTrip trip(target(), counting().set("/linux/resources/pids/limit", 23),
                   {.both = {"--manage-cgroups-mode", mode.name}, .before = change_cgroup});
    const Box& box = trip.box();
    EXPECT_EQ(box.cgroup_file("pids", "pids.max"), "23");
    if (has_values_that_are_kept(box)) {
      EXPECT_EQ(box.cgroup_file("pids", kKept), mode.restores_values ? "1" : "0");
    }
    EXPECT_EQ(box.cgroup_file("pids", mode.restores_cgroups ? kProcessesBelow : kProcesses),
              std::to_string(trip.pid()));
    EXPECT_EQ(fs::exists(box.cgroup("pids") / kBelow), mode.restores_cgroups);
  }
}

TRIAL(CheckpointOptions, KeepTheStrictModeFromACgroupThatStands,
      Clauses{"runtime/resources/pids-limit"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kPidsCgroup}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  const fs::path cgroup = box.cgroup("pids");
  fs::create_directories(cgroup);
  EXPECT_THAT(Restored(target(), box, {"--manage-cgroups-mode", "strict"}).outcome(), Refused());
  EXPECT_TRUE(fs::exists(cgroup));
  const int last = counted(counter_of(box));
  {
    const Restored restored(target(), box, {"--manage-cgroups-mode", "soft"});
    ASSERT_THAT(restored.outcome(), Succeeded());
    EXPECT_TRUE(counts_beyond(counter_of(box), last));
  }
  box.remove();
  ::rmdir(cgroup.c_str());
  ::rmdir(cgroup.parent_path().c_str());
}

// Its name is gone, and there is another one.
TRIAL(CheckpointOptions, AreNotNeededForAFileThatLostItsName, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  const fs::path other = counter_of(box).native() + "-too";
  fs::create_hard_link(counter_of(box), other);
  fs::remove(counter_of(box));
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  expect_to_count_on(target(), box, other);
  EXPECT_FALSE(fs::exists(counter_of(box)));
}

TRIAL(CheckpointOptions, LeaveToAPreDumpWhatHasNotChanged, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  const fs::path before = pre_dump(target(), box);
  const int then = counted(counter_of(box));
  EXPECT_TRUE(counts_beyond(counter_of(box), then));
  ASSERT_THAT(checkpoint(target(), box, {"--parent-path", "../before"}), Succeeded());
  EXPECT_LT(fs::file_size(images_of(box) / fs::path(kPages)), fs::file_size(before / kPages));
  expect_to_count_on(target(), box, counter_of(box));
}

// What has changed since the pre-dump is not kept twice.
TRIAL(CheckpointOptions, KeepEachPageOnce, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  const fs::path before = pre_dump(target(), box);
  const long blocks = blocks_of(before / kPages);
  const int then = counted(counter_of(box));
  ASSERT_TRUE(counts_beyond(counter_of(box), then));
  ASSERT_THAT(checkpoint(target(), box, {"--parent-path", "../before", "--auto-dedup"}),
              Succeeded());
  EXPECT_LT(blocks_of(before / kPages), blocks);
  expect_to_count_on(target(), box, counter_of(box));
}

TRIAL(CheckpointOptions, SendMemoryToAPageServer, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  const fs::path received = box.bundle() / "received";
  fs::create_directory(received);
  // It is there when this returns, serves one checkpoint, and ends.
  const fs::path pid_file = received / "pid";
  ASSERT_THAT(run_command({"criu", "page-server", "--daemon", "--pidfile", pid_file, "--address",
                           "127.0.0.1", "--port", "27", "--images-dir", received}),
              Succeeded());
  Orphan server(std::stoi(seatrial::read_file(pid_file)));
  ASSERT_THAT(checkpoint(target(), box, {"--page-server", "127.0.0.1:27"}), Succeeded());
  ASSERT_THAT(server.wait(scaled(10s)), Exited(0));
  const fs::path images = images_of(box);
  EXPECT_FALSE(fs::exists(images / "pagemap-1.img"));
  ASSERT_TRUE(fs::exists(received / "pagemap-1.img"));
  fs::copy(received, images, fs::copy_options::recursive | fs::copy_options::skip_existing);
  expect_to_count_on(target(), box, counter_of(box));
}
