#include "harness/target/stdcopy.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using ::testing::HasSubstr;

std::string frame(char stream, std::string_view text) {
  std::string bytes(8, '\0');
  bytes[0] = stream;
  bytes[6] = static_cast<char>(text.size() >> 8);
  bytes[7] = static_cast<char>(text.size() & 0xff);
  return bytes.append(text);
}

TEST(StdcopyFrames, AreSortedByStream) {
  Stdcopy frames;
  frames.feed(frame(1, "one\n") + frame(2, "bad\n") + frame(1, "two\n") + frame(2, ""));
  const DockerOutput output = frames.finish();
  EXPECT_EQ(output.out, "one\ntwo\n");
  EXPECT_EQ(output.err, "bad\n");
}

TEST(StdcopyFrames, MayComeInPiecesOfAnySize) {
  const std::string bytes = frame(1, std::string(300, 'x')) + frame(2, "e");
  Stdcopy frames;
  for (const char byte : bytes) frames.feed({&byte, 1});
  const DockerOutput output = frames.finish();
  EXPECT_EQ(output.out, std::string(300, 'x'));
  EXPECT_EQ(output.err, "e");
}

TEST(StdcopyFrames, ThatBreakOffAreNoSilentEnd) {
  Stdcopy frames;
  frames.feed(frame(1, "whole").substr(0, 10));
  try {
    frames.finish();
    FAIL() << "accepted";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kUnavailable);
    EXPECT_THAT(failure.what(), HasSubstr("10 bytes"));
  }
}

TEST(StdcopyFrames, OfNoStreamAreRefused) {
  Stdcopy frames;
  EXPECT_THROW(frames.feed("plain text of a terminal"), Error);
}

}  // namespace
}  // namespace seatrial::harness
