#include "engine/init/monitor_log.h"

#include "engine/init/memory.h"

namespace seatrial::init {
namespace {

constexpr std::size_t kLongestName = 256 + 12;

// "NAME.3"; false where it does not fit.
bool numbered(char* to, const char* name, unsigned number) {
  const std::size_t size = length(name);
  if (size + 12 > kLongestName) return false;
  memcpy(to, name, size);
  to += size;
  if (number != 0) {
    *to++ = '.';
    to = put_number(to, number);
  }
  *to = '\0';
  return true;
}

// Past the first newline; 0 where there is none.
std::size_t end_of_line(const char* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size; ++at) {
    if (bytes[at] == '\n') return at + 1;
  }
  return 0;
}

}  // namespace

void Log::open(int directory, int file, const char* name, std::uint64_t most_bytes,
               unsigned most_files) {
  struct statx facts;
  kept_ = true;
  directory_ = directory;
  file_ = file;
  name_ = name;
  most_bytes_ = most_bytes;
  most_files_ = most_files;
  size_ = stat_fd(file, facts) < 0 ? 0 : facts.stx_size;
}

void Log::add(const char* text, std::size_t size, const char* stream, const Moment& time) {
  if (!kept_) return;
  if (most_bytes_ != 0 && size_ + pending_ >= most_bytes_) {
    flush();
    rotate();
  }
  if (pending_ + most_json(size) > sizeof buffer_) flush();
  pending_ = (std::size_t)(put_json_line(buffer_ + pending_, text, size, stream, time) - buffer_);
}

void Log::flush() {
  std::size_t written = 0;
  while (written < pending_) {
    const Result result = write_bytes(file_, buffer_ + written, pending_ - written);
    if (result == -EINTR) continue;
    if (result <= 0) break;
    written += (std::size_t)result;
  }
  if (written < pending_) {
    while (written > 0 && buffer_[written - 1] != '\n') --written;
    sys(__NR_ftruncate, file_, size_ + written);
  }
  size_ += written;
  pending_ = 0;
}

void Log::rotate() {
  char from[kLongestName];
  char to[kLongestName];
  for (unsigned number = most_files_ - 1; most_files_ > 1 && number > 0; --number) {
    if (!numbered(from, name_, number - 1) || !numbered(to, name_, number)) return;
    sys(__NR_renameat2, directory_, from, directory_, to, 0);
  }
  if (most_files_ > 1) {
    const Result fresh =
        open_at(directory_, name_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0640);
    if (fresh < 0) return;  // the old one is written on, under its new name
    close_fd(file_);
    file_ = (int)fresh;
  } else {
    sys(__NR_ftruncate, file_, 0);
  }
  size_ = 0;
}

void Log::close() {
  flush();
  if (kept_) close_fd(file_);
  kept_ = false;
}

std::size_t Lines::hold(const char* bytes, std::size_t size) {
  const std::size_t room = sizeof line_ - held_;
  if (size > room) size = room;
  memcpy(line_ + held_, bytes, size);
  held_ += size;
  return size;
}

// A full buffer without a newline: a character is not cut where that can be helped.
void Lines::split(Log& log, const Moment& time) {
  const std::size_t tail = unfinished_tail(line_, held_);
  log.add(line_, held_ - tail, stream_, time);
  memmove(line_, line_ + held_ - tail, tail);
  held_ = tail;
}

void Lines::add(Log& log, const char* bytes, std::size_t size) {
  const Moment time = wall_clock();
  while (size != 0) {
    const std::size_t room = sizeof line_ - held_;
    const std::size_t line = end_of_line(bytes, size < room ? size : room);
    std::size_t taken = line;
    if (line != 0 && held_ == 0) {
      log.add(bytes, line, stream_, time);
    } else {
      taken = hold(bytes, line != 0 ? line : size);
      if (line != 0) {
        log.add(line_, held_, stream_, time);
        held_ = 0;
      } else if (held_ == sizeof line_) {
        split(log, time);
      }
    }
    bytes += taken;
    size -= taken;
  }
  log.flush();
}

void Lines::finish(Log& log) {
  if (held_ != 0) log.add(line_, held_, stream_, wall_clock());
  held_ = 0;
  log.flush();
}

}  // namespace seatrial::init
