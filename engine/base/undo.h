// Takes back the steps of a start that did not come to its end.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace seatrial {

// Runs the recorded actions in reverse order on destruction, unless commit() was called.
// An action must not throw; what it cannot take back it leaves for recovery.
class Undo {
 public:
  Undo() = default;
  Undo(Undo&& other) noexcept : actions_(std::exchange(other.actions_, {})) {}
  Undo& operator=(Undo&& other) noexcept {
    Undo moved(std::move(other));
    actions_.swap(moved.actions_);
    return *this;
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo() {
    while (!actions_.empty()) {
      actions_.back()();
      actions_.pop_back();
    }
  }

  void add(std::function<void()> action) { actions_.push_back(std::move(action)); }
  void commit() { actions_.clear(); }

 private:
  std::vector<std::function<void()>> actions_;
};

}  // namespace seatrial
