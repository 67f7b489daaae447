// checkpoint and restore, as runc has them on its command line: what the specification says of a
// container holds for a restored one, too.
#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/deadline.h"
#include "engine/sys/network_namespace.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/core/process.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/mode_limits.h"

namespace {

constexpr const char* kCounter = "/data/counter";

// Whether CRIU does its work here is nothing of the engine's. It looks for a loopback device that
// is up, which the namespace of a case has not.
void need_criu(Subject& subject) {
  if (!subject.command({"checkpoint", "--help"}).succeeded()) {
    throw Lack(subject.info().name + " has no verb checkpoint");
  }
  if (is_unprivileged(subject.mode())) {
    throw Lack(std::string(lacking_one(subject.mode())) + " may not do what CRIU does as root");
  }
  seatrial::sys::bring_up_loopback(seatrial::sys::own_network_namespace().get());
  const Outcome check = [] {
    try {
      return run_command({"criu", "check"}, {.deadline = scaled(10s)});
    } catch (const seatrial::Error& failure) {
      throw Lack(std::string("this host has no working CRIU: ") + failure.what());
    }
  }();
  if (check.succeeded()) return;
  throw Lack("this kernel and this CRIU do not fit: " +
             check.error_text.substr(0, check.error_text.find('\n')));
}

Bundle counting() {
  return Bundle::minimal().with_namespace("network").probe({"count", kCounter});
}

// Where the host sees what the container counts.
std::filesystem::path counter_of(const Box& box) {
  return box.rootfs().native() + kCounter;
}

// How far it has counted; 0: it has not begun.
int counted(const std::filesystem::path& file) {
  std::error_code absent;
  if (!std::filesystem::exists(file, absent)) return 0;
  return std::atoi(seatrial::read_file(file).c_str());
}

// Waits until it has counted beyond `number`. False when it has not in time.
bool counts_beyond(const std::filesystem::path& file, int number) {
  const auto deadline = std::chrono::steady_clock::now() + scaled(10s);
  const seatrial::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string directory = file.parent_path();
  if (::inotify_add_watch(watch.get(), directory.c_str(), IN_MODIFY | IN_CREATE) < 0) return false;
  char events[4096];
  while (counted(file) <= number) {
    if (!seatrial::sys::wait_readable(watch.get(), deadline)) return false;
    while (::read(watch.get(), events, sizeof events) > 0) continue;
  }
  return true;
}

std::string images_of(const Box& box) {
  return box.bundle() / "images";
}

Outcome checkpoint(Subject& subject, const Box& box, std::vector<std::string> options = {}) {
  std::vector<std::string> words{"checkpoint", "--image-path", images_of(box)};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(box.id());
  return subject.command(words);
}

// A container that was restored under the box's id; the box deletes it once its process has ended.
class Restored {
 public:
  Restored(Subject& subject, const Box& box)
      : outcome_(subject.command({"restore", "--detach", "--bundle", box.bundle(), "--image-path",
                                  images_of(box), "--pid-file", pid_file(box), box.id()})) {
    if (outcome_.succeeded()) process_ = Orphan(std::stoi(seatrial::read_file(pid_file(box))));
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  ~Restored() {
    if (!outcome_.succeeded()) return;
    process_.send_signal(SIGKILL);
    process_.wait(scaled(5s));
  }

  const Outcome& outcome() const { return outcome_; }
  pid_t pid() const { return process_.pid(); }

 private:
  static std::string pid_file(const Box& box) { return box.bundle() / "restored.pid"; }

  Outcome outcome_;
  Orphan process_;
};

// A container that has been through both. What it needs for that is no case's verdict.
class RoundTrip {
 public:
  using Where = std::source_location;

  // Where it counts in a file of the host, `counter` is that.
  RoundTrip(Subject& subject, const Bundle& bundle, const std::filesystem::path& counter = {},
            Where where = Where::current())
      : box_(start(subject, bundle)) {
    const std::filesystem::path file = counter.empty() ? counter_of(box_) : counter;
    EXPECT_TRUE(counts_beyond(file, 0));
    const Outcome written = checkpoint(subject, box_);
    if (!written.succeeded()) throw Refusal("checkpoint was refused: " + describe(written), where);
    const int last = counted(file);
    restored_.emplace(subject, box_);
    const Outcome& outcome = restored_->outcome();
    if (!outcome.succeeded()) throw Refusal("restore was refused: " + describe(outcome), where);
    EXPECT_TRUE(counts_beyond(file, last));
  }

  Box& box() { return box_; }
  pid_t pid() const { return restored_->pid(); }

 private:
  static Box start(Subject& subject, const Bundle& bundle) {
    need_criu(subject);
    return subject.run(bundle);
  }

  Box box_;
  std::optional<Restored> restored_;
};

}  // namespace

// From the very number at which it was: memory, an open file and its process id are as they were.
TRIAL(Checkpoint, IsGoneOnFromByRestore, Clauses{"runtime/state/running", "runtime/state/pid"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 4));
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  const int last = counted(counter_of(box));
  const Restored restored(target(), box);
  ASSERT_THAT(restored.outcome(), Succeeded());
  EXPECT_TRUE(counts_beyond(counter_of(box), last));
  EXPECT_LT(counted(counter_of(box)), last + 1000);
  EXPECT_EQ(box.state().status, "running");
  EXPECT_EQ(box.state().pid, restored.pid());
}

TRIAL(Checkpoint, EndsTheContainer,
      Clauses{"runtime/lifecycle/destroyed", "runtime/lifecycle/poststop-invoked"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kHooks}) {
  need_criu(target());
  auto box = target().run(counting().hook(HookKind::kPoststop));
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  EXPECT_THAT(box.state_outcome(), Succeeded());  // control
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  EXPECT_THAT(box.wait(), Not(StillRunning()));
  EXPECT_THAT(box.state_outcome(), Refused());
  EXPECT_THAT(box.hook_runs(), SizeIs(1));
}

TRIAL(Checkpoint, LeavesTheContainerRunningWhereAsked, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  ASSERT_THAT(checkpoint(target(), box, {"--leave-running"}), Succeeded());
  const int then = counted(counter_of(box));
  EXPECT_TRUE(counts_beyond(counter_of(box), then));
  EXPECT_EQ(box.state().status, "running");
  EXPECT_EQ(box.state().pid, box.pid());
}

TRIAL(Checkpoint, RefusesACreatedContainer, Clauses{"runtime/state/created"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto control = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(control), 0));
  EXPECT_THAT(checkpoint(target(), control), Succeeded());
  auto box = target().create(counting());
  EXPECT_THAT(checkpoint(target(), box), Refused());
  EXPECT_EQ(box.state().status, "created");
}

TRIAL(Restore, RefusesAnIdThatIsTaken, Clauses{"runtime/state/id-unique"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  auto box = target().run(counting());
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  ASSERT_THAT(checkpoint(target(), box, {"--leave-running"}), Succeeded());
  EXPECT_THAT(Restored(target(), box).outcome(), Refused());
  EXPECT_EQ(box.state().pid, box.pid());
}

TRIAL(RestoredContainer, IsOneToExecuteIn, Clauses{"runtime/state/running"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kExec}) {
  RoundTrip trip(target(), counting().with_file("/etc/cargo", "kept"));
  EXPECT_THAT(trip.box().exec({"read", "/etc/cargo"}).report(), Read("/etc/cargo", "kept"));
}

TRIAL(RestoredContainer, HasNoNewPrivileges, Clauses{"runtime/process/no-new-privileges"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace}) {
  const RoundTrip trip(target(), counting().no_new_privileges());
  const std::string status = "/proc/" + std::to_string(trip.pid()) + "/status";
  EXPECT_THAT(seatrial::read_file(status), HasSubstr("NoNewPrivs:\t1\n"));
}

TRIAL(RestoredContainer, HasItsReadonlyRoot, Clauses{"runtime/root/readonly"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kExec}) {
  const std::filesystem::path data = scratch_dir("data");
  RoundTrip trip(target(), counting().readonly_root().bind(data, "/data"), data / "counter");
  EXPECT_THAT(trip.box().exec({"create", "/new"}).report(), Failed("create", "/new", "EROFS"));
}

// Two of one file system: each has the options that it was given.
TRIAL(RestoredContainer, HasTheOptionsOfEachOfItsBinds,
      Clauses{"runtime/mount-options/ro", "runtime/mounts/bind-by-option"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kExec}) {
  const std::string shared = scratch_dir("shared");
  RoundTrip trip(target(), counting()
                               .bind(shared, "/first", {"ro"})
                               .bind(shared, "/second", {"ro"})
                               .bind(shared, "/third"));
  const auto executed = trip.box().exec_all(
      {{"create", "/first/a"}, {"create", "/second/b"}, {"create", "/third/c"}});
  EXPECT_THAT(executed.report(), Failed("create", "/first/a", "EROFS"));
  EXPECT_THAT(executed.report(), Failed("create", "/second/b", "EROFS"));
  EXPECT_THAT(executed.report(), Did("create", "/third/c"));  // control
}

TRIAL(RestoredContainer, HasItsMaskedPaths, Clauses{"runtime/linux/masked-paths"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kExec,
            Feature::kMaskedPaths}) {
  RoundTrip trip(target(), counting()
                               .with_file("/secret", "s3cr3t")
                               .with_file("/plain", "hello")
                               .with_file("/hidden/file", "s3cr3t")
                               .masked_path("/secret")
                               .masked_path("/hidden"));
  const auto executed = trip.box().exec_all({{"read", "/plain", "/secret"}, {"list", "/hidden"}});
  EXPECT_THAT(executed.report(), Read("/plain", "hello"));  // control
  EXPECT_THAT(executed.report(), Read("/secret", ""));
  EXPECT_THAT(executed.report().list("/hidden"), IsEmpty());
}

TRIAL(RestoredContainer, HasItsLimits, Clauses{"runtime/resources/pids-limit"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kPidsCgroup}) {
  RoundTrip trip(target(), counting().set("/linux/resources/pids/limit", 23));
  EXPECT_EQ(trip.box().cgroup_file("pids", "pids.max"), "23");
}

// What sets up its network, say, has to do that for the new namespace, too.
TRIAL(RestoredContainer, HasHadItsRuntimeHooks,
      Clauses{"runtime/hooks/create-runtime-during-create", "runtime/state/pid-runtime-hooks"},
      Needs{Feature::kCommandLine, Feature::kNetworkNamespace, Feature::kHooks}) {
  RoundTrip trip(target(), counting().hook(HookKind::kCreateRuntime));
  const auto runs = trip.box().hook_runs();
  ASSERT_THAT(runs, SizeIs(2));
  ASSERT_TRUE(runs[1].state);
  EXPECT_EQ(runs[1].state->pid, trip.pid());
}
