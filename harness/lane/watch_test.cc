#include "harness/lane/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace seatrial::lane {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::FrameType;

std::string frame(FrameType type, std::string_view payload) {
  const wire::FrameHeader header{.type = type,
                                 .length = static_cast<std::uint32_t>(payload.size())};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string(payload);
}

std::string status_frame(FrameType type, int code) {
  const wire::Status status{.code = code};
  return frame(type, {reinterpret_cast<const char*>(&status), sizeof status});
}

class WatchTest : public testing::Test {
 protected:
  void console(std::string_view text) { watch_.console(text, now_); }
  void results(std::string_view bytes) { watch_.results(bytes, now_); }
  const Verdict& verdict() { return watch_.verdict().value(); }

  Watch::Clock::time_point now_{1h};
  std::string out_;
  std::vector<std::string> files_;
  Watch watch_{{.standard_output = [this](std::string_view bytes) { out_ += bytes; },
                .standard_error = [this](std::string_view bytes) { out_ += bytes; },
                .file =
                    [this](std::size_t index, std::string_view path) {
                      files_.push_back(std::to_string(index) + ":" + std::string(path) + "=");
                    },
                .bytes = [this](std::string_view bytes) { files_.back() += bytes; }},
               {.deadline = 600s, .silence = 60s, .first_sign = 120s},
               now_};
};

TEST_F(WatchTest, TakesFramesHoweverTheyArrive) {
  const std::string all = frame(FrameType::kAlive, "") + frame(FrameType::kStdout, "one ") +
                          frame(FrameType::kStderr, "two") + status_frame(FrameType::kExited, 7);
  for (const char byte : all) {
    EXPECT_FALSE(watch_.verdict());
    results({&byte, 1});
  }
  EXPECT_EQ(out_, "one two");
  EXPECT_EQ(verdict().kind, VerdictKind::kExited);
  EXPECT_EQ(verdict().code, 7);
  EXPECT_EQ(verdict().sentence, "");
}

TEST_F(WatchTest, GivesCollectedFiles) {
  results(frame(FrameType::kFile, "0/a/b.xml") + frame(FrameType::kBytes, "xy") +
          frame(FrameType::kBytes, "z") + frame(FrameType::kFile, "12/c"));
  EXPECT_THAT(files_, ElementsAre("0:a/b.xml=xyz", "12:c="));
}

TEST_F(WatchTest, LetsNoFileOutOfItsDirectory) {
  for (const char* name :
       {"0/../../etc/passwd", "0//etc/passwd", "0/", "0", "x/a", "0/a/./b", ""}) {
    Watch watch({.file = [](std::size_t, std::string_view path) { ADD_FAILURE() << path; }}, {},
                now_);
    watch.results(frame(FrameType::kFile, name), now_);
    ASSERT_TRUE(watch.verdict()) << name;
    EXPECT_EQ(watch.verdict()->kind, VerdictKind::kBroken);
  }
}

TEST_F(WatchTest, RefusesWhatIsNoFrame) {
  results(std::string(64, '\xff'));
  EXPECT_EQ(verdict().kind, VerdictKind::kBroken);
  EXPECT_EQ(verdict().sentence, "the machine's results are garbled");
}

TEST_F(WatchTest, NamesThePanic) {
  results(frame(FrameType::kAlive, ""));
  console("[    7.1] Kernel panic - not syncing: sysrq triggered crash\r\n[ 7.2] CPU: 0\r\n");
  EXPECT_FALSE(watch_.verdict());  // until the machine has ended
  watch_.ended();
  EXPECT_EQ(verdict().kind, VerdictKind::kPanic);
  EXPECT_EQ(verdict().sentence, "the kernel panicked: sysrq triggered crash");
}

TEST_F(WatchTest, TellsTheMachinesWantOfMemoryFromTheJobs) {
  console("[ 8.0] Out of memory: Killed process 99 (eater) total-vm:1kB\r\n");
  results(status_frame(FrameType::kKilled, 9));
  EXPECT_EQ(verdict().kind, VerdictKind::kOutOfMemory);
  EXPECT_THAT(verdict().sentence, HasSubstr("Killed process 99 (eater)"));

  Watch other({}, {}, now_);
  other.console("[ 8.0] Memory cgroup out of memory: Killed process 99 (eater)\n", now_);
  other.results(status_frame(FrameType::kKilled, 9), now_);
  EXPECT_EQ(other.verdict()->kind, VerdictKind::kKilled);
}

TEST_F(WatchTest, AJobThatSurvivesTheWantOfMemoryHasItsStatus) {
  console("[ 8.0] Out of memory: Killed process 99 (eater)\n");
  results(status_frame(FrameType::kExited, 3));
  EXPECT_EQ(verdict().kind, VerdictKind::kExited);
}

TEST_F(WatchTest, KnowsAPanicOfWantOfMemory) {
  console("Kernel panic - not syncing: System is deadlocked on memory\n");
  watch_.ended();
  EXPECT_EQ(verdict().kind, VerdictKind::kOutOfMemory);
}

TEST_F(WatchTest, SilenceIsAHang) {
  watch_.time(now_ + 119s);
  EXPECT_FALSE(watch_.verdict());
  results(frame(FrameType::kAlive, ""));
  console("[ 1.0] the last words\n");
  EXPECT_EQ(watch_.next(), now_ + 60s);
  watch_.time(now_ + 59s);
  EXPECT_FALSE(watch_.verdict());
  watch_.time(now_ + 60s);
  EXPECT_EQ(verdict().kind, VerdictKind::kHang);
  EXPECT_EQ(verdict().sentence,
            "the machine hangs: no sign of life for 60 s, the last was: the last words");
}

TEST_F(WatchTest, ALiveMachineStillHasADeadline) {
  for (const auto later : {100s, 200s, 300s, 400s, 500s, 599s}) {
    watch_.results(frame(FrameType::kAlive, ""), now_ + later);
    watch_.time(now_ + later);
    ASSERT_FALSE(watch_.verdict());
  }
  watch_.time(now_ + 600s);
  EXPECT_EQ(verdict().kind, VerdictKind::kTimeout);
  EXPECT_EQ(verdict().sentence, "the job had not ended after 600 s");
}

TEST_F(WatchTest, SaysWhyAMachineNeverBegan) {
  watch_.complaint("qemu-system-x86_64: could not load kernel\nmore");
  watch_.ended();
  EXPECT_EQ(verdict().kind, VerdictKind::kBroken);
  EXPECT_EQ(verdict().sentence,
            "the machine ended without a result: qemu-system-x86_64: could not load kernel");
}

TEST_F(WatchTest, TellsWhatInitCouldNotDo) {
  results(frame(FrameType::kFault, "mount proc on /proc: Operation not permitted"));
  EXPECT_EQ(verdict().kind, VerdictKind::kBroken);
  EXPECT_EQ(verdict().sentence, "lane: mount proc on /proc: Operation not permitted");
}

TEST_F(WatchTest, TakesNothingAfterAVerdict) {
  results(status_frame(FrameType::kExited, 0) + frame(FrameType::kStdout, "late"));
  watch_.time(now_ + 1h);
  watch_.ended();
  EXPECT_EQ(out_, "");
  EXPECT_EQ(verdict().kind, VerdictKind::kExited);
}

}  // namespace
}  // namespace seatrial::lane
