#include "engine/registry/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace seatrial::registry {

void for_each_parallel(std::size_t count, unsigned workers, const std::stop_token& stop,
                       const std::function<void(std::size_t, const std::stop_token&)>& work) {
  // On the heap, because GCC 12 falsely calls one on the stack uninitialised.
  const auto ours = std::make_unique<std::stop_source>();
  const std::stop_callback forward(stop, [&ours] { ours->request_stop(); });
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr first;
  const auto run = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        work(index, ours->get_token());
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();  // later ones are its consequences
        next = count;
        ours->request_stop();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min<std::size_t>(workers, count); ++i) {
      threads.emplace_back(run);
    }
    run();
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace seatrial::registry
