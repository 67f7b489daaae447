// What a transfer tells its watcher: enough for one bar a blob.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "engine/spec/digest.h"

namespace seatrial::registry {

struct Progress {
  enum class State {
    kDownloading,
    kWaiting,  // the connection broke or the registry asked for patience; it goes on by itself
    kUploading,
    kMounted,  // from another repository, without a byte sent
    kExists,   // where it shall go
    kDone,
  };

  spec::Digest digest = {};
  State state = State::kDownloading;
  std::uint64_t done = 0;   // bytes
  std::uint64_t total = 0;  // bytes
};

// Called for every piece of some 100 KB from the threads of the transfer, one at a time. Must not
// call the client.
using Watcher = std::function<void(const Progress&)>;

// Lets several threads speak to one watcher.
class Announcer {
 public:
  explicit Announcer(Watcher watcher) : watcher_(std::move(watcher)) {}

  void say(const Progress& progress) {
    if (!watcher_) return;
    const std::lock_guard lock(mutex_);
    watcher_(progress);
  }

 private:
  Watcher watcher_;
  std::mutex mutex_;
};

}  // namespace seatrial::registry
