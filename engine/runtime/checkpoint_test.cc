// checkpoint and restore as far as they come without CRIU's work: the program that is found is a
// script that says what a test has it say. What CRIU really does is tried in a lane
// (lane.checkpoint).
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <future>

#include "engine/runtime/container_fixture.h"
#include "engine/runtime/host_programs.h"
#include "engine/runtime/state_root.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using spec::Status;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    path_ = std::getenv("PATH");
    ::setenv("PATH", dir_.path().c_str(), 1);
    install_criu("exit 0");
  }

  void TearDown() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
    if (!runtime_) return;
    EXPECT_THAT(StateRoot(runtime_->root()).ids(), IsEmpty());
  }

  // `swrk` is what it does when it is to dump or to restore, descriptor 3 being the conversation.
  void install_criu(const std::string& swrk, const std::string& check = "exit 0") {
    write_file_atomically(
        dir_.path() / "criu",
        fmt::format("#!/bin/sh\nif [ $1 = check ]; then {}; fi\n{}\n", check, swrk), 0755);
  }

  CreateRequest request(const std::string& more_namespaces = {}) {
    write_file_atomically(dir_.path() / "config.json", fmt::format(R"({{
      "ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
      "process": {{"args": ["/usr/bin/sleep", "1000"], "cwd": "/", "user": {{"uid": 0, "gid": 0}}}},
      "mounts": [
        {}],
      "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}{}]}}}})",
                                                                   kHostPrograms, more_namespaces));
    return {.id = id_, .bundle = dir_.path(), .stdio = {-1, -1, -1}};
  }

  std::string checkpoint_failure(CheckpointRequest checkpoint = {}) {
    checkpoint.id = id_;
    checkpoint.criu.images = images_;
    return failure_of([&] { runtime_->checkpoint(checkpoint); });
  }

  std::string restore_failure(CriuRequest criu = {}) {
    criu.images = images_;
    return failure_of([&] {
      runtime_->restore({.id = id_,
                         .bundle = dir_.path(),
                         .criu = criu,
                         .stdio = {-1, -1, -1},
                         .detached = true});
    });
  }

  void end(Child& child) {
    runtime_->remove(id_, true);
    child.wait(5s);
  }

  const fs::path images_ = dir_.path() / "images";
  std::string path_;
};

TEST_F(CheckpointTest, AHostWhereCriuCannotWorkIsRefusedBeforeAnythingIsMade) {
  install_criu("exit 0", "echo 'Error (criu/vdso.c:381): vdso: Unexpected' >&2; exit 1");
  Child child = runtime_->run(request());
  const std::string expected =
      "CRIU cannot work on this host: criu check: Error (criu/vdso.c:381): vdso: Unexpected";
  EXPECT_THAT(checkpoint_failure(), HasSubstr(expected));
  EXPECT_FALSE(fs::exists(images_));
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
  end(child);
  EXPECT_THAT(restore_failure(), HasSubstr(expected));
}

// As a path and as a name on PATH, for checkpoint and restore alike.
TEST_F(CheckpointTest, AnotherCriuMayBeNamed) {
  const fs::path other = dir_.path() / "criu-other";
  write_file_atomically(other, "#!/bin/sh\necho 'Error (other): is asked' >&2; exit 1\n", 0755);
  Child child = runtime_->run(request());
  for (const fs::path& name : {other, fs::path("criu-other")}) {
    EXPECT_THAT(checkpoint_failure({.criu = {.program = name}}), HasSubstr("Error (other)"));
  }
  EXPECT_THAT(checkpoint_failure({.criu = {.program = "/none/criu"}}),
              HasSubstr("/none/criu is no program"));
  EXPECT_THAT(checkpoint_failure({.criu = {.program = "criu-none"}}),
              HasSubstr("the program criu-none, which is not installed"));
  end(child);
  EXPECT_THAT(restore_failure({.program = other}), HasSubstr("Error (other)"));
}

TEST_F(CheckpointTest, WithoutAContainerCriuIsNotLookedFor) {
  EXPECT_THAT(checkpoint_failure({.criu = {.program = "/none/criu"}}), HasSubstr("does not exist"));
}

// Who holds the lock waits for CRIU, and with lazy pages for whoever fetches them.
TEST_F(CheckpointTest, OneThatHangsEndsWithItsContainer) {
  const fs::path begun = dir_.path() / "begun";
  install_criu(fmt::format(": > {}; exec /usr/bin/sleep 1000", begun.native()));
  Child child = runtime_->run(request());
  auto failure = std::async(std::launch::async, [&] { return checkpoint_failure(); });
  while (!fs::exists(begun) && failure.wait_for(1ms) != std::future_status::ready) {
    continue;
  }
  runtime_->remove(id_, true);
  EXPECT_THAT(failure.get(), HasSubstr("checkpoint " + id_));
  child.wait(10s);
}

TEST_F(CheckpointTest, OnlyWhatRunsIsWritten) {
  EXPECT_THAT(checkpoint_failure(), HasSubstr("does not exist"));
  Child child = runtime_->create(request());
  EXPECT_THAT(checkpoint_failure(), HasSubstr("a container that is created"));
  end(child);
}

TEST_F(CheckpointTest, AContainerWithAMonitorIsRefused) {
  CreateRequest create = request();
  create.monitor = MonitorRequest{.directory = dir_.path() / "monitor"};
  runtime_->run(create);
  EXPECT_THAT(checkpoint_failure(), HasSubstr("has a monitor"));
  EXPECT_FALSE(fs::exists(images_));
  runtime_->remove(id_, true);
}

TEST_F(CheckpointTest, BadWordsAreRefusedBeforeAnythingIsMade) {
  Child child = runtime_->run(request());
  EXPECT_THAT(checkpoint_failure({.parent_images = "/abs"}), HasSubstr("is not relative"));
  EXPECT_THAT(checkpoint_failure({.parent_images = "../none"}), HasSubstr("leads to no directory"));
  for (const char* server : {"localhost", ":27", "host:", "host:0", "host:65536", "host:27x"}) {
    EXPECT_THAT(checkpoint_failure({.page_server = server}), HasSubstr("is not ADDRESS:PORT"));
  }
  EXPECT_FALSE(fs::exists(images_));
  end(child);
}

TEST_F(CheckpointTest, LazyPagesMustBeToBeHadSomewhere) {
  Child child = runtime_->run(request());
  CheckpointRequest lazy{.criu = {.lazy_pages = true}};
  EXPECT_THAT(checkpoint_failure(lazy), HasSubstr("lazy pages need the ADDRESS:PORT"));
  lazy.page_server = "127.0.0.1:27";
  lazy.pre_dump = true;
  EXPECT_THAT(checkpoint_failure(lazy), HasSubstr("which lazy pages leave out"));
  EXPECT_THAT(checkpoint_failure({.pages_ready = [] {}}), HasSubstr("only lazy pages are told"));
  install_criu("exit 0", "[ $# = 1 ] || { echo 'Error (criu/uffd.c:1): no' >&2; exit 1; }; exit 0");
  lazy.pre_dump = false;
  EXPECT_THAT(checkpoint_failure(lazy), HasSubstr("pages cannot be lazy on this host: criu check "
                                                  "--feature uffd-noncoop: Error (criu/uffd.c:1)"));
  EXPECT_FALSE(fs::exists(images_));
  end(child);
}

// CRIU's notification, of which the answer is awaited, and the end of a dump: both in protobuf.
TEST_F(CheckpointTest, LazyPagesAreToldToBeReady) {
  install_criu(
      "/usr/bin/head -c 1 <&3 >/dev/null; "
      "printf '\\010\\006\\020\\001\\052\\016\\012\\014status-ready' >&3; "
      "/usr/bin/head -c 1 <&3 >/dev/null; printf '\\010\\001\\020\\001' >&3");
  Child child = runtime_->run(request());
  int told = 0;
  CheckpointRequest lazy{.criu = {.lazy_pages = true},
                         .page_server = "127.0.0.1:27",
                         .pages_ready = [&] { ++told; },
                         .leave_running = true};
  EXPECT_EQ(checkpoint_failure(lazy), "(it did not fail)");
  EXPECT_EQ(told, 1);
  end(child);
}

// It names the log, and the container goes on.
TEST_F(CheckpointTest, ACriuThatFailsIsQuoted) {
  install_criu("exit 7");
  Child child = runtime_->run(request());
  EXPECT_THAT(checkpoint_failure(), HasSubstr("criu hung up without a word"));
  EXPECT_EQ(runtime_->state(id_).status, Status::kRunning);
  EXPECT_EQ(read_file(images_ / "descriptors.json"), R"(["/dev/null","/dev/null","/dev/null"])");
  end(child);
}

TEST_F(CheckpointTest, WhatWasExecutedIsToldToBeLeftOut) {
  install_criu("exit 7");
  Child child = runtime_->run(request());
  checkpoint_failure();
  EXPECT_EQ(warnings_, "");
  Child executed = runtime_->exec({.id = id_, .args = {"/usr/bin/sleep", "1000"}});
  checkpoint_failure();
  EXPECT_THAT(warnings_,
              HasSubstr(fmt::format("process {} is not part of the checkpoint", executed.pid())));
  // Reaped first: the end of the container's first process waits for it.
  ::kill(executed.pid(), SIGKILL);
  executed.wait(5s);
  end(child);
}

// A response of protobuf: type DUMP, no success, errno 3.
TEST_F(CheckpointTest, AFailureIsToldWithWhatTheLogSays) {
  install_criu(
      fmt::format("/usr/bin/head -c 1 <&3 >/dev/null; "
                  "echo '(00.1) Error (criu/x.c:1): no such thing' > {}/dump.log; "
                  "printf '\\010\\001\\020\\000\\070\\003' >&3",
                  images_.native()));
  Child child = runtime_->run(request());
  EXPECT_THAT(checkpoint_failure(), HasSubstr("criu: Error (criu/x.c:1): no such thing (the whole "
                                              "log is "));
  end(child);
}

// Success without a notification between: nobody has said that a process runs.
TEST_F(CheckpointTest, ARestoreThatFailsLeavesNothing) {
  fs::create_directories(images_);
  write_file_atomically(images_ / "descriptors.json", "[]");
  request();
  install_criu("/usr/bin/head -c 1 <&3 >/dev/null; exit 7");
  EXPECT_THAT(restore_failure(), HasSubstr("criu hung up without a word"));
  EXPECT_THAT(runtime_->list(), IsEmpty());
  install_criu("/usr/bin/head -c 1 <&3 >/dev/null; printf '\\010\\002\\020\\001' >&3");
  EXPECT_THAT(restore_failure(), HasSubstr("criu has restored no process"));
  EXPECT_THAT(runtime_->list(), IsEmpty());
}

TEST_F(CheckpointTest, ARestoreNeedsImages) {
  request();
  EXPECT_THAT(restore_failure(), HasSubstr("images"));
  EXPECT_FALSE(fs::exists(images_));
  fs::create_directories(images_);
  EXPECT_THAT(restore_failure(), HasSubstr("descriptors.json"));
  EXPECT_THAT(restore_failure({.lazy_pages = true}), HasSubstr("there is no socket"));
  request(R"(, {"type": "user"})");
  write_file_atomically(images_ / "descriptors.json", "[]");
  EXPECT_THAT(restore_failure(), HasSubstr("user namespace"));
}

}  // namespace
}  // namespace seatrial::runtime
