#include "engine/registry/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace seatrial::registry {
namespace {

TEST(ForEachParallel, DoesEachOnce) {
  std::vector<std::atomic<int>> seen(100);
  for_each_parallel(seen.size(), 4, {}, [&](std::size_t i, const std::stop_token&) { ++seen[i]; });
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(ForEachParallel, StopsTheOthersAndThrowsTheFirstFailure) {
  std::atomic<int> stopped = 0;
  std::mutex mutex;
  std::condition_variable_any never;
  const auto work = [&](std::size_t i, const std::stop_token& stop) {
    if (i == 2) throw std::runtime_error("the first");
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    ++stopped;
    throw std::runtime_error("a consequence");
  };
  try {
    for_each_parallel(50, 3, {}, work);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& failure) {
    EXPECT_STREQ(failure.what(), "the first");
  }
  EXPECT_EQ(stopped, 2);  // those under way; the other 47 never began
}

TEST(ForEachParallel, HandsTheCallersStopOn) {
  const auto source = std::make_unique<std::stop_source>();  // GCC 12: see parallel.cc
  source->request_stop();
  bool seen = false;
  for_each_parallel(1, 3, source->get_token(), [&](std::size_t, const std::stop_token& stop) {
    seen = stop.stop_requested();
  });
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace seatrial::registry
