#include "engine/base/undo.h"

#include <gtest/gtest.h>

#include <string>

namespace seatrial {
namespace {

TEST(Undo, RunsInReverseOrder) {
  std::string ran;
  {
    Undo undo;
    undo.add([&] { ran += "a"; });
    undo.add([&] { ran += "b"; });
  }
  EXPECT_EQ(ran, "ba");
}

TEST(Undo, CommitDisarms) {
  std::string ran;
  {
    Undo undo;
    undo.add([&] { ran += "a"; });
    undo.commit();
  }
  EXPECT_EQ(ran, "");
}

TEST(Undo, MovedFromIsEmpty) {
  std::string ran;
  {
    Undo first;
    first.add([&] { ran += "a"; });
    const Undo second = std::move(first);
    EXPECT_EQ(ran, "");
  }
  EXPECT_EQ(ran, "a");
}

TEST(Undo, AssignmentRunsWhatWasHeld) {
  std::string ran;
  Undo first;
  first.add([&] { ran += "a"; });
  first = Undo();
  EXPECT_EQ(ran, "a");
}

}  // namespace
}  // namespace seatrial
