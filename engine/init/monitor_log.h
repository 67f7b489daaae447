// The container's log in Docker's json-file format, and its rotation.
#pragma once

#include "engine/init/monitor_files.h"

namespace seatrial::init {

// All zero is a log that is not kept. Rotates as Docker does: NAME is the newest, NAME.1 the one
// before; with a single file the old content goes.
class Log {
 public:
  void open(int directory, int file, const char* name, std::uint64_t most_bytes,
            unsigned most_files);
  void add(const char* text, std::size_t size, const char* stream, const Moment& time);
  // What was added is in the file afterwards. A full disk loses whole lines, never parts of one.
  void flush();
  void close();

 private:
  void rotate();

  bool kept_;
  int directory_;
  int file_;
  const char* name_;
  std::uint64_t most_bytes_;  // 0: no limit
  unsigned most_files_;
  std::uint64_t size_;  // of the file
  std::size_t pending_;
  char buffer_[most_json(kLongestText) + 64 * 1024];
};

// One stream of the container, cut into lines.
class Lines {
 public:
  void add(Log& log, const char* bytes, std::size_t size);
  // The line that was begun, at the end of the stream.
  void finish(Log& log);
  void name(const char* stream) { stream_ = stream; }

 private:
  std::size_t hold(const char* bytes, std::size_t size);
  void split(Log& log, const Moment& time);

  const char* stream_;
  std::size_t held_;
  char line_[kLongestText];
};

}  // namespace seatrial::init
