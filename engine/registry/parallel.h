// The same work for several things at once.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace seatrial::registry {

// Calls work(0) ... work(count - 1) on at most `workers` threads. The first exception stops the
// others through their token, nothing new begins, and it leaves once all have ended.
void for_each_parallel(std::size_t count, unsigned workers, const std::stop_token& stop,
                       const std::function<void(std::size_t, const std::stop_token&)>& work);

}  // namespace seatrial::registry
