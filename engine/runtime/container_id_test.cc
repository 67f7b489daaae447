#include "engine/runtime/container_id.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

TEST(ContainerId, TakesWhatCallersOfRuncUse) {
  for (const char* id : {"a", "7f3a", "a.b_c+d-e", "...", "-"}) {
    EXPECT_TRUE(is_container_id(id)) << id;
  }
  EXPECT_TRUE(is_container_id(std::string(kLongestId, 'x')));
}

TEST(ContainerId, RefusesWhatCouldLeaveTheStateRoot) {
  for (const char* id : {"", ".", "..", "a/b", "../a", "a b", "a\n", "\xc3\xa4", "a*"}) {
    EXPECT_FALSE(is_container_id(id)) << id;
    EXPECT_THROW(check_container_id(id), Error) << id;
  }
  EXPECT_FALSE(is_container_id(std::string(kLongestId + 1, 'x')));
}

}  // namespace
}  // namespace seatrial::runtime
