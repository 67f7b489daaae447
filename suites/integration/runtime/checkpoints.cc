// checkpoint and restore, as runc has them on its command line: what the specification says of a
// container holds for a restored one, too.
#include <csignal>
#include <string>

#include "engine/base/files.h"
#include "suites/integration/runtime/checkpointing.h"

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
  RoundTrip trip(target(), counting().readonly_root().bind(data, "/data"),
                 {.counter = data / "counter"});
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
