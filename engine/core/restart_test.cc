// Restart policies: when, and what becomes of a container that waits for its restart. Here nothing
// but the test starts it again: the exit command does nothing.
#include "engine/core/restart.h"

#include <nlohmann/json.hpp>

#include "engine/core/store.h"
#include "engine/core/testing/engine_fixture.h"
#include "engine/runtime/runtime.h"

namespace seatrial::core {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EngineTest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ContainerRecord ended(const std::string& policy, int code, unsigned most = 0) {
  ContainerRecord record{.request = {.restart_policy = {policy, most}}, .exit_code = code};
  record.started = Time(100s);
  record.finished = Time(101s);
  return record;
}

TEST(RestartDelay, IsThePolicys) {
  EXPECT_EQ(restart_delay(ended("no", 1), false), std::nullopt);
  EXPECT_EQ(restart_delay(ended("", 1), false), std::nullopt);
  EXPECT_EQ(restart_delay(ended("always", 0), false), 100ms);
  EXPECT_EQ(restart_delay(ended("unless-stopped", 0), false), 100ms);
  EXPECT_EQ(restart_delay(ended("on-failure", 0), false), std::nullopt);
  EXPECT_EQ(restart_delay(ended("on-failure", 2), false), 100ms);
}

TEST(RestartDelay, IsNoneForWhatAUserStopped) {
  for (const char* policy : {"always", "unless-stopped", "on-failure"}) {
    EXPECT_EQ(restart_delay(ended(policy, 1), true), std::nullopt) << policy;
  }
}

TEST(RestartDelay, IsNoneAfterTheLastTry) {
  ContainerRecord record = ended("on-failure", 1, 2);
  record.restarts = 1;
  EXPECT_EQ(restart_delay(record, false), 100ms);
  record.restarts = 2;
  EXPECT_EQ(restart_delay(record, false), std::nullopt);
}

TEST(RestartDelay, DoublesUpToAMinuteAndBeginsAnewAfterALongRun) {
  ContainerRecord record = ended("always", 1);
  std::vector<std::chrono::milliseconds> delays;
  for (int restart = 0; restart < 12; ++restart) {
    record.backoff = restart_delay(record, false).value();
    delays.push_back(record.backoff);
  }
  EXPECT_THAT(delays, ElementsAre(100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms,
                                  25600ms, 51200ms, 60000ms, 60000ms));
  record.finished = *record.started + 10s;
  EXPECT_EQ(restart_delay(record, false), 100ms);
}

TEST(RestartPolicy, IsOneOfDockers) {
  const auto refusal = [](const core::RestartPolicy& policy) -> std::string {
    try {
      check_restart_policy(policy);
    } catch (const Error& failure) {
      return failure.what();
    }
    return "(none)";
  };
  EXPECT_EQ(refusal({"on-failure", 3}), "(none)");
  EXPECT_EQ(refusal({"unless-stopped", 0}), "(none)");
  EXPECT_EQ(refusal({"perhaps", 0}), "invalid restart policy 'perhaps'");
  EXPECT_EQ(refusal({"always", 3}),
            "maximum retry count cannot be used with restart policy 'always'");
}

class RestartTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (!engine_) return;
    EngineOptions chosen = options();
    chosen.exit_command = {"/bin/true"};
    engine_.emplace(chosen);
  }

  static ContainerRequest restarting(std::vector<std::string> verbs, RestartPolicy policy) {
    ContainerRequest request = box(std::move(verbs));
    request.restart_policy = std::move(policy);
    return request;
  }

  // Runs one that fails once, and now waits for its restart for so long that no test sees it.
  std::string one_that_waits() {
    const std::string id = engine_->create(restarting({"exit", "3"}, {"always", 0}));
    engine_->start(id);
    set_backoff(id, 30s);
    EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 3);
    return id;
  }

  // The last wait was so long, the next one is twice as long. While it runs or has just ended.
  void set_backoff(const std::string& id, std::chrono::milliseconds last) {
    Store store(options().root / "engine.db");
    Statement(store.database(), "UPDATE containers SET backoff = ? WHERE id = ?")
        .bind(std::int64_t{last.count()})
        .bind(id)
        .execute();
  }

  ContainerStatus status(const std::string& id) { return engine_->inspect(id).state.status; }

  // Processes that wait to run the exit command for it.
  static std::vector<std::string> waiting_for(const std::string& id) {
    std::vector<std::string> found;
    for (const std::string& name : names_in("/proc")) {
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::error_code gone;
      try {
        const std::string words = read_file(fs::path("/proc") / name / "cmdline");
        if (words.starts_with("seatrial-init\0wait"s) && words.find(id) != std::string::npos) {
          found.push_back(name);
        }
      } catch (const Error&) {  // it ended meanwhile
      }
    }
    return found;
  }

  static std::vector<std::string> waiting_at_rest(const std::string& id) {
    const auto patience = std::chrono::steady_clock::now() + 5s;
    std::vector<std::string> found = waiting_for(id);
    while (!found.empty() && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(5ms);
      found = waiting_for(id);
    }
    return found;
  }

  // What recover does where the process that waits was killed.
  void kill_what_waits(const std::string& id) {
    for (const std::string& pid : waiting_for(id)) ::kill(std::stoi(pid), SIGKILL);
    EXPECT_THAT(waiting_at_rest(id), IsEmpty());
  }

  std::vector<std::string> actions_of(const std::string& id) {
    std::vector<std::string> actions;
    engine_->events({.since = Time(1s)}, [&](const Event& event) {
      if (event.type == "container" && event.actor_id == id) actions.push_back(event.action);
      return true;
    });
    return actions;
  }
};

TEST_F(RestartTest, WhatEndedIsToBeStartedAgain) {
  const std::string id = one_that_waits();
  const ContainerInfo info = engine_->inspect(id);
  EXPECT_EQ(info.state.status, ContainerStatus::kRestarting);
  EXPECT_EQ(info.state.exit_code, 3);
  EXPECT_EQ(info.restart_count, 1U);
  EXPECT_THAT(waiting_for(id), Not(IsEmpty()));
  const auto json = nlohmann::json::parse(engine_->inspect_json(id));
  EXPECT_EQ(json.at("State").at("Status"), "restarting");
  EXPECT_EQ(json.at("State").at("Running"), true);
  EXPECT_EQ(json.at("State").at("Restarting"), true);
  EXPECT_EQ(json.at("State").at("Pid"), 0);
  EXPECT_EQ(json.at("RestartCount"), 1);
  const auto list = engine_->list();
  ASSERT_EQ(list.size(), 1U) << "docker counts it among those that run";
  EXPECT_THAT(list[0].status, HasSubstr("Restarting (3) "));
}

TEST_F(RestartTest, TheExitCommandLeavesItAsLongAsSomethingWaits) {
  const std::string id = one_that_waits();
  engine_->settle(id);
  EXPECT_EQ(status(id), ContainerStatus::kRestarting);
  kill_what_waits(id);
  engine_->settle(id);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 3);
  EXPECT_EQ(engine_->inspect(id).restart_count, 2U);
  EXPECT_THAT(actions_of(id), ElementsAre("create", "start", "die", "start", "die"));
}

TEST_F(RestartTest, WhatWaitsRunsTheExitCommandInTime) {
  EngineOptions chosen = options();
  const fs::path trace = dir_->path() / "trace";
  chosen.exit_command = {"/bin/sh", "-c", "echo $0 >> " + trace.native()};
  engine_.emplace(chosen);
  const std::string id = engine_->run(restarting({"exit", "3"}, {"on-failure", 1}));
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 3);
  const auto patience = std::chrono::steady_clock::now() + 5s;
  std::vector<std::string> ran;
  while (ran.size() < 2 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(5ms);
    if (fs::exists(trace)) ran = lines(read_file(trace));
  }
  EXPECT_THAT(ran, ElementsAre(id, id)) << "at its end, and when its time had come";
}

TEST_F(RestartTest, RecoverGoesOnWhereWhatWaitsWasKilled) {
  const std::string id = engine_->run(restarting({"echo", "up", "sleep"}, {"unless-stopped", 0}));
  await_output(id, "up");
  set_backoff(id, 30s);
  ::kill(engine_->inspect(id).state.pid, SIGKILL);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 137);
  const std::string name = engine_->inspect(id).name;
  EXPECT_THAT(engine_->recover().kept, Contains(name)) << "something waits for it";
  EXPECT_EQ(status(id), ContainerStatus::kRestarting);
  kill_what_waits(id);
  EXPECT_THAT(engine_->recover().adopted, Contains(name));
  EXPECT_EQ(status(id), ContainerStatus::kRunning);
  EXPECT_EQ(engine_->inspect(id).restart_count, 1U);
}

TEST_F(RestartTest, RecoverGoesOnAfterTheHostWasDown) {
  const std::string id = engine_->run(restarting({"echo", "up", "sleep"}, {"always", 0}));
  const std::string other = engine_->run(box({"echo", "up", "sleep"}));
  std::vector<std::pair<fs::path, fs::path>> moved;  // what a reboot clears away
  for (const std::string& each : {id, other}) {
    await_output(each, "up");
    ::kill(engine_->inspect(each).state.pid, SIGKILL);
    const auto patience = std::chrono::steady_clock::now() + 5s;
    const fs::path told = options().run / "containers" / each / "exit";
    while (!fs::exists(told) && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(5ms);
    }
    moved.emplace_back(options().run / "runtime" / each, dir_->path() / each);
    fs::rename(moved.back().first, moved.back().second);
  }
  EXPECT_THAT(engine_->recover().adopted, ::testing::SizeIs(2));
  EXPECT_EQ(status(id), ContainerStatus::kRestarting);
  EXPECT_EQ(engine_->inspect(id).state.exit_code, 255);
  EXPECT_EQ(status(other), ContainerStatus::kExited);
  // This host was not down: the cgroups go.
  runtime::Runtime runtime(options().run / "runtime");
  for (const auto& [from, to] : moved) {
    fs::rename(to, from);
    runtime.remove(from.filename(), true);
  }
}

TEST_F(RestartTest, AStoppedOneStaysStopped) {
  const std::string id = engine_->run(restarting({"term", "echo", "up", "sleep"}, {"always", 0}));
  await_output(id, "up");
  EXPECT_TRUE(engine_->stop(id, 20s));
  EXPECT_EQ(status(id), ContainerStatus::kExited);
  EXPECT_EQ(engine_->inspect(id).restart_count, 0U);
  EXPECT_THAT(engine_->recover().adopted, IsEmpty());
  EXPECT_EQ(status(id), ContainerStatus::kExited);
  engine_->start(id);  // from here on the policy is in force again
  ::kill(engine_->inspect(id).state.pid, SIGKILL);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 137);
  EXPECT_EQ(status(id), ContainerStatus::kRestarting);
}

TEST_F(RestartTest, AKilledOneStaysDead) {
  const std::string id = engine_->run(restarting({"sleep"}, {"always", 0}));
  engine_->kill(id, SIGKILL);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 137);
  EXPECT_EQ(status(id), ContainerStatus::kExited);
}

TEST_F(RestartTest, StopAndKillEndTheWait) {
  const std::string stopped = one_that_waits();
  EXPECT_TRUE(engine_->stop(stopped));
  EXPECT_EQ(status(stopped), ContainerStatus::kExited);
  EXPECT_EQ(engine_->inspect(stopped).state.exit_code, 3);
  EXPECT_THAT(waiting_at_rest(stopped), IsEmpty());
  EXPECT_FALSE(engine_->stop(stopped));
  const std::string killed = one_that_waits();
  engine_->kill(killed);
  EXPECT_EQ(status(killed), ContainerStatus::kExited);
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->kill(killed); }), HasSubstr("not running"));
}

TEST_F(RestartTest, AWaitingOneIsNotRemovedWithoutForce) {
  const std::string id = one_that_waits();
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->remove(id); }),
              HasSubstr("You cannot remove a restarting container " + id));
  EXPECT_THAT(engine_->prune_containers().deleted, IsEmpty());
  engine_->remove(id, true);
  failure(Kind::kNotFound, [&] { engine_->inspect(id); });
  EXPECT_THAT(waiting_at_rest(id), IsEmpty());
}

TEST_F(RestartTest, AWaitingOneTakesNoCommands) {
  const std::string id = one_that_waits();
  EXPECT_FALSE(engine_->start(id));
  for (const std::function<void()>& act :
       {std::function<void()>([&] { engine_->exec(id, {.cmd = {"/box"}}); }),
        std::function<void()>([&] { engine_->pause(id); }),
        std::function<void()>([&] { static_cast<void>(engine_->attach(id)); }),
        std::function<void()>([&] { engine_->top(id); })}) {
    EXPECT_THAT(failure(Kind::kConflict, act),
                HasSubstr("is restarting, wait until the container is running"));
  }
}

TEST_F(RestartTest, TheEndOfAnEarlierRunIsKnownInTheNextOne) {
  const std::string id = one_that_waits();
  kill_what_waits(id);
  engine_->update(id, {}, RestartPolicy{"no", 0});  // this restart still comes, and is the last
  engine_->settle(id);
  EXPECT_EQ(engine_->wait_for_run(id, 0), 3);
  EXPECT_EQ(engine_->wait_for_run(id, 1), 3);
  EXPECT_EQ(status(id), ContainerStatus::kExited);
}

TEST_F(RestartTest, ARestartThatFailsIsTheLast) {
  const std::string id = one_that_waits();
  kill_what_waits(id);
  fs::remove_all(options().root / "containers" / id / "bundle");
  EXPECT_NE(failure(Kind::kNotFound, [&] { engine_->settle(id); }), "");
  const ContainerInfo info = engine_->inspect(id);
  EXPECT_EQ(info.state.status, ContainerStatus::kExited);
  EXPECT_THAT(info.state.error, HasSubstr("start container"));
}

TEST_F(RestartTest, UpdateChangesThePolicyOfARunningOne) {
  const std::string id = engine_->run(box({"echo", "up", "sleep"}));
  await_output(id, "up");
  engine_->update(id, {}, RestartPolicy{"always", 0});
  ::kill(engine_->inspect(id).state.pid, SIGKILL);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 137);
  EXPECT_EQ(status(id), ContainerStatus::kRestarting);
}

TEST_F(RestartTest, IsRefusedWhereItCannotBeKept) {
  ContainerRequest request = restarting({"sleep"}, {"always", 0});
  request.auto_remove = true;
  EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { engine_->create(request); }),
              HasSubstr("AutoRemove"));
  request.restart_policy = {};
  const std::string id = engine_->run(request);
  EXPECT_THAT(
      failure(Kind::kInvalidArgument, [&] { engine_->update(id, {}, RestartPolicy{"always", 0}); }),
      HasSubstr("AutoRemove is enabled"));
  engine_.emplace(options());  // without an exit command nothing would start it
  EXPECT_THAT(
      failure(Kind::kUnsupported, [&] { engine_->create(restarting({"sleep"}, {"always", 0})); }),
      HasSubstr("needs an exit command"));
}

}  // namespace
}  // namespace seatrial::core
