#include "engine/core/logs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/base/files.h"
#include "engine/core/times.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

std::string line(const std::string& text, int second, const std::string& stream = "stdout") {
  return fmt::format(R"({{"log":"{}\n","stream":"{}","time":"2026-01-01T00:00:{:02}Z"}})", text,
                     stream, second) +
         "\n";
}

class LogsTest : public testing::Test {
 protected:
  std::vector<std::string> read(const LogOptions& options) {
    std::vector<std::string> texts;
    read_log(
        log_, options, dir_.path(), [] { return false; },
        [&](const LogEntry& entry) {
          texts.push_back(entry.text.substr(0, entry.text.size() - 1));
          return true;
        });
    return texts;
  }
  void append(const std::string& text) {
    write_all(open_file(log_, O_WRONLY | O_CREAT | O_APPEND, 0644).get(), text, "log");
  }

  TempDir dir_{fs::temp_directory_path()};
  fs::path log_ = dir_.path() / "log";
};

TEST_F(LogsTest, RotatedFilesAreReadOldestFirst) {
  append(line("a", 1));
  fs::rename(log_, log_.native() + ".2");
  append(line("b", 2));
  fs::rename(log_, log_.native() + ".1");
  append(line("c", 3));
  EXPECT_THAT(read({}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(read({.tail = 2}), ElementsAre("b", "c"));
  EXPECT_THAT(read({.tail = 0}), ElementsAre());
}

TEST_F(LogsTest, StreamsAndTimesChoose) {
  append(line("a", 1) + line("b", 2, "stderr") + line("c", 3));
  EXPECT_THAT(read({.stderr_stream = false}), ElementsAre("a", "c"));
  EXPECT_THAT(read({.stdout_stream = false}), ElementsAre("b"));
  EXPECT_THAT(read({.since = parse_time("2026-01-01T00:00:02Z")}), ElementsAre("b", "c"));
  EXPECT_THAT(read({.until = parse_time("2026-01-01T00:00:02Z")}), ElementsAre("a", "b"));
}

TEST_F(LogsTest, BrokenAndHalfLinesAreLeftOut) {
  append(line("a", 1) + "garbage\n{}\n[1]\n" + line("b", 2) + line("c", 3).substr(0, 20));
  EXPECT_THAT(read({}), ElementsAre("a", "b"));
  EXPECT_THAT(read({.follow = true}), ElementsAre("a", "b"));
}

TEST_F(LogsTest, AbsentLogIsEmpty) {
  EXPECT_THAT(read({}), ElementsAre());
}

TEST_F(LogsTest, FollowGoesOnAcrossARotationUntilTheEnd) {
  std::atomic<bool> alive = true;
  append(line("a", 1));
  std::vector<std::string> texts;
  std::thread writer;
  read_log(
      log_, {.follow = true}, dir_.path(), [&] { return alive.load(); },
      [&](const LogEntry& entry) {
        texts.push_back(entry.text);
        if (texts.size() == 1) {
          writer = std::thread([&] {
            append(line("b", 2));
            fs::rename(log_, log_.native() + ".1");
            append(line("c", 3));
            alive = false;
            write_file_atomically(dir_.path() / "exit", "0");
          });
        }
        return true;
      });
  writer.join();
  EXPECT_THAT(texts, ElementsAre("a\n", "b\n", "c\n"));
}

TEST_F(LogsTest, AFollowerEndsWhenItMayNotGoOn) {
  append(line("a", 1));
  std::vector<std::string> texts;
  int asked = 0;
  read_log(
      log_, {.follow = true, .go_on = [&] { return ++asked < 3; }}, dir_.path(),
      [] { return true; },
      [&](const LogEntry& entry) {
        texts.push_back(entry.text);
        return true;
      });
  EXPECT_THAT(texts, ElementsAre("a\n"));
  EXPECT_EQ(asked, 3);
}

TEST_F(LogsTest, TheSinkCanStop) {
  append(line("a", 1) + line("b", 2));
  int seen = 0;
  read_log(
      log_, {.follow = true}, dir_.path(), [] { return true; },
      [&](const LogEntry&) {
        ++seen;
        return false;
      });
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace seatrial::core
