#include "engine/base/files.h"
#include "harness/fixtures/case.h"

// create prepares the container and runs nothing of the user; start runs it; when it has ended, the
// state says so.
TRIAL(Lifecycle, GoesFromCreatedToRunningToStopped,
      Clauses{"runtime/state/created", "runtime/state/running", "runtime/state/stopped",
              "runtime/lifecycle/program-not-run", "runtime/operations/start-runs-process"}) {
  auto box = target().create(Bundle::minimal().probe({"hold"}));
  EXPECT_EQ(box.state().status, "created");
  EXPECT_EQ(box.state().pid, box.pid());
  EXPECT_EQ(box.output(), "");

  EXPECT_THAT(box.start(), Succeeded());
  EXPECT_TRUE(box.report().complete());
  EXPECT_EQ(box.state().status, "running");

  EXPECT_THAT(box.kill("TERM"), Succeeded());
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.state().status, "stopped");

  EXPECT_THAT(box.remove(), Succeeded());
  EXPECT_THAT(box.state_outcome(), Refused());
}

// What callers watch and put into their own cgroups; they read it as soon as create has returned.
TRIAL(PidFile, NamesTheContainersProcess, Clauses{"runtime/state/pid"}) {
  CreateCall call;
  call.pid_file = scratch_file("pid", "written by an earlier container");
  auto box = target().try_create_with(Bundle::minimal().probe({"pid"}), call);
  ASSERT_THAT(box, Succeeded());
  ASSERT_TRUE(std::filesystem::exists(call.pid_file)) << "create wrote no pid into the pid file";
  EXPECT_EQ(seatrial::read_file(call.pid_file), std::to_string(box.state().pid));
}
