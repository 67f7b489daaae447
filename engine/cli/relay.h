// A container's stdio brought to this terminal: what run, start -a, attach and exec -t do between
// the start and the end.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/base/unique_fd.h"

namespace seatrial::engine_cli {

// Height and width of the terminal behind `fd`; nothing when it is none.
std::optional<std::pair<unsigned, unsigned>> terminal_size(int fd);

// Blocks the signals that go to a container and hands them out. To be made before the container
// starts, so that none is lost between.
class Signals {
 public:
  // `pass`: all that mean something to a container; else SIGWINCH alone.
  explicit Signals(bool pass);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  int fd() const { return fd_.get(); }
  // 0: none is waiting.
  int next() const;

 private:
  UniqueFd fd_;
  sigset_t before_;
};

struct Relay {
  bool framed = true;  // output comes in frames that name their stream, else raw
  bool input = false;
  bool output = true;
  bool errors = true;
  std::string detach_keys = {};  // looked for in the input of a terminal
  std::function<void(int)> on_signal = {};
  std::function<void(unsigned height, unsigned width)> on_resize = {};
};

enum class RelayEnd { kEndOfStream, kDetached };

// Copies until the stream ends or the user detaches. Throws Error.
RelayEnd relay(int stream, const Relay& how, const Signals& signals);

// Finds a sequence of keys in what is typed.
class KeyWatch {
 public:
  explicit KeyWatch(std::string keys) : keys_(std::move(keys)) {}

  // What of `typed` (and of what was held back before) goes on; true: the sequence is complete.
  bool feed(std::string_view typed, std::string& onward);

 private:
  std::string keys_;
  std::size_t matched_ = 0;
};

}  // namespace seatrial::engine_cli
