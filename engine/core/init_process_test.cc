// The init that a container may have as its first process (--init).
#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "engine/core/testing/engine_fixture.h"

namespace seatrial::core {
namespace {

using testing::EngineTest;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class InitProcessTest : public EngineTest {
 protected:
  static ContainerRequest with_init(std::vector<std::string> verbs) {
    ContainerRequest request = box(std::move(verbs));
    request.init = true;
    return request;
  }

  std::string output_of(const ContainerRequest& request) {
    std::string id;
    EXPECT_EQ(run_to_end(request, &id), 0) << log_of(id, "stderr");
    return log_of(id);
  }
};

TEST_F(InitProcessTest, ReapsOrphansBesideTheProgram) {
  EXPECT_EQ(output_of(box({"pid", "orphan"})), "1\nzombie\n");  // control
  const std::string output = output_of(with_init({"orphan", "cat", "/proc/1/comm", "pid"}));
  EXPECT_THAT(output, HasSubstr("reaped\ndocker-init\n"));
  EXPECT_FALSE(output.ends_with("\n1\n"));
}

TEST_F(InitProcessTest, EndsAsTheProgramEnded) {
  EXPECT_EQ(run_to_end(with_init({"exit", "42"})), 42);
  EXPECT_EQ(run_to_end(with_init({"raise", "15"})), 128 + 15);
  EXPECT_EQ(run_to_end(with_init({"raise", "9"})), 128 + 9);
}

TEST_F(InitProcessTest, PassesSignalsOn) {
  const std::string id = engine_->run(with_init({"term", "echo", "up", "sleep"}));
  await_output(id, "up");
  EXPECT_TRUE(engine_->stop(id, 20s));
  EXPECT_EQ(engine_->inspect(id).state.exit_code, 7);
  // Which its program does not handle: it dies of it, being process 1 no more.
  const std::string deaf = engine_->run(with_init({"echo", "up", "sleep"}));
  await_output(deaf, "up");
  EXPECT_TRUE(engine_->stop(deaf, 20s));
  EXPECT_EQ(engine_->inspect(deaf).state.exit_code, 128 + 15);
}

TEST_F(InitProcessTest, FindsTheProgramAsThePathSays) {
  ContainerRequest request = with_init({"echo", "found"});
  request.entrypoint = {"box"};
  request.env = {"PATH=/nowhere:/etc/passwd:/"};
  EXPECT_EQ(output_of(request), "found\n");
  request.env = {"PATH=/nowhere"};
  std::string id;
  EXPECT_EQ(run_to_end(request, &id), 127);
  EXPECT_EQ(log_of(id, "stderr"), "docker-init: exec box: no such file or directory\n");
  request.entrypoint = {"/etc/passwd"};
  EXPECT_EQ(run_to_end(request, &id), 126);
  EXPECT_EQ(log_of(id, "stderr"), "docker-init: exec /etc/passwd: permission denied\n");
}

TEST_F(InitProcessTest, IsShownAndNotPartOfTheProgram) {
  const std::string id = engine_->run(with_init({"sleep"}));
  const auto json = nlohmann::json::parse(engine_->inspect_json(id));
  EXPECT_EQ(json.at("HostConfig").at("Init"), true);
  EXPECT_EQ(json.at("Path"), "/box");
  EXPECT_EQ(engine_->exec(id, {.cmd = {"/box", "exit", "5"}}).exit_code, 5);
  EXPECT_EQ(engine_->top(id).processes.size(), 2U);
}

TEST_F(InitProcessTest, CannotBeWrittenFromInside) {
  const std::string id = engine_->run(with_init({"sleep"}));
  for (const char* path : {"/sbin/docker-init", "/proc/1/exe"}) {
    const ExecResult result = engine_->exec(id, {.cmd = {"/box", "write", path, "x"}});
    EXPECT_EQ(result.exit_code, 99) << path;
    EXPECT_THAT(result.stderr_bytes, HasSubstr("Read-only file system")) << path;
  }
}

TEST_F(InitProcessTest, IsAnewAtEachStartAndTheContainersOwn) {
  const std::string one = engine_->create(with_init({"pid"}));
  const fs::path file = options().root / "containers" / one / "docker-init";
  ASSERT_TRUE(engine_->start(one));
  EXPECT_EQ(engine_->wait(one, WaitCondition::kNotRunning, 20s), 0);
  // As a privileged container could, which may mount and write what it was given.
  write_file_atomically(file, "spoilt");
  EXPECT_EQ(output_of(with_init({"orphan"})), "reaped\n");
  ASSERT_TRUE(engine_->start(one));
  EXPECT_EQ(engine_->wait(one, WaitCondition::kNotRunning, 20s), 0);
}

TEST_F(InitProcessTest, IsNotThereAmongTheHostsProcesses) {
  ContainerRequest request = with_init({"sleep"});
  request.pid_mode = "host";
  EXPECT_EQ(engine_->top(engine_->run(request)).processes.size(), 1U);
}

}  // namespace
}  // namespace seatrial::core
