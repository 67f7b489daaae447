#include "engine/sys/memfd.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "engine/base/files.h"

namespace seatrial::sys {
namespace {

TEST(SealedMemfd, ReadsBackFromItsBeginning) {
  const UniqueFd fd = sealed_memfd("note", "some text");
  EXPECT_EQ(read_all(fd.get(), "note"), "some text");
}

TEST(SealedMemfd, RefusesToBeChanged) {
  const UniqueFd fd = sealed_memfd("note", "some text");
  EXPECT_EQ(::pwrite(fd.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
}

}  // namespace
}  // namespace seatrial::sys
