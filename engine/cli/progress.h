// The progress of a pull, a push or a load on a terminal: one line a layer, redrawn in place.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/resource_types.h"

namespace seatrial::engine_cli {

// "ab12cd34ef56: Downloading [=====>      ]  1.2MB/4.5MB", never wider than `width`.
std::string progress_line(const core::Progress& progress, std::size_t width);

// Layers move in threads of their own: update() may be called from any.
class ProgressLines {
 public:
  explicit ProgressLines(int fd);
  void update(const core::Progress& progress);

 private:
  void draw(std::size_t line);

  int fd_;
  std::size_t width_;
  std::mutex mutex_;
  std::vector<core::Progress> lines_;
  std::vector<std::chrono::steady_clock::time_point> drawn_;
};

// Silent when `quiet` or when standard error is no terminal. The function keeps its lines alive.
core::ProgressSink progress_on_terminal(bool quiet);

}  // namespace seatrial::engine_cli
