#include "engine/cli/relay.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace seatrial::engine_cli {
namespace {

std::string frame(char stream, const std::string& text) {
  std::string head(8, '\0');
  head[0] = stream;
  head[7] = static_cast<char>(text.size());
  return head + text;
}

struct Ends {
  UniqueFd ours;
  UniqueFd theirs;
};

Ends make_ends() {
  int pair[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

TEST(Relay, SortsFramesHoweverTheyAreCut) {
  Ends ends = make_ends();
  const std::string bytes = frame(1, "out\n") + frame(2, "err\n") + frame(1, "more\n");
  std::thread writer([&] {
    for (const char c : bytes) {
      if (::write(ends.theirs.get(), &c, 1) != 1) return;
    }
    ends.theirs.reset();
  });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const Signals signals(false);
  EXPECT_EQ(relay(ends.ours.get(), {}, signals), RelayEnd::kEndOfStream);
  writer.join();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "out\nmore\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "err\n");
}

TEST(Relay, HandsSignalsOn) {
  Ends ends = make_ends();
  const Signals signals(true);
  ::raise(SIGTERM);
  int got = 0;
  EXPECT_EQ(relay(ends.ours.get(),
                  {.on_signal =
                       [&](int signal) {
                         got = signal;
                         ends.theirs.reset();
                       }},
                  signals),
            RelayEnd::kEndOfStream);
  EXPECT_EQ(got, SIGTERM);
}

TEST(KeyWatch, HoldsBackWhatMayBeTheKeys) {
  KeyWatch watch("\x10\x11");
  std::string onward;
  EXPECT_FALSE(watch.feed("a\x10", onward));
  EXPECT_EQ(onward, "a");
  EXPECT_FALSE(watch.feed("b", onward));
  EXPECT_EQ(onward,
            "a\x10"
            "b");
  EXPECT_FALSE(watch.feed("\x10\x10", onward));
  EXPECT_TRUE(watch.feed("\x11", onward));
  EXPECT_EQ(onward,
            "a\x10"
            "b\x10");
}

}  // namespace
}  // namespace seatrial::engine_cli
