#include "engine/image/stream.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/image/inflate.h"

namespace seatrial::image {
namespace {

class FdStream : public Stream {
 public:
  FdStream(int fd, std::string_view name) : fd_(fd), name_(name), buffer_(kChunk) {}

  std::span<const std::byte> next() override {
    // Whole buffers, from a pipe too: what sniffs needs more than the first byte.
    std::size_t size = 0;
    while (size < buffer_.size()) {
      const ssize_t got = ::read(fd_, buffer_.data() + size, buffer_.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw sys_error(errno, "read {}", name_);
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    return std::span(buffer_).first(size);
  }

 private:
  int fd_;
  std::string name_;
  std::vector<std::byte> buffer_;
};

// A ring of buffers between one filling thread and one reading caller.
class ReadAhead : public Stream {
 public:
  explicit ReadAhead(std::unique_ptr<Stream> source)
      : source_(std::move(source)), thread_([this] { fill(); }) {}
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  ~ReadAhead() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::span<const std::byte> next() override {
    std::unique_lock lock(mutex_);
    if (holding_) {  // the caller is done with the buffer that it got last
      holding_ = false;
      ++read_;
      changed_.notify_all();
    }
    changed_.wait(lock, [this] { return filled_ > read_ || ended_; });
    if (filled_ > read_) {
      holding_ = true;
      return ring_.at(read_ % kBuffers);
    }
    if (failure_) std::rethrow_exception(failure_);
    return {};
  }

 private:
  static constexpr std::size_t kBuffers = 8;

  void fill() {
    try {
      while (fill_one()) {
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  bool fill_one() {
    const std::span<const std::byte> bytes = source_->next();
    if (bytes.empty()) return false;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return filled_ - read_ < kBuffers || stopped_; });
    if (stopped_) return false;
    std::vector<std::byte>& buffer = ring_.at(filled_ % kBuffers);
    lock.unlock();  // nobody reads a buffer that is not filled
    buffer.assign(bytes.begin(), bytes.end());
    lock.lock();
    ++filled_;
    changed_.notify_all();
    return true;
  }

  std::unique_ptr<Stream> source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::vector<std::byte>, kBuffers> ring_;
  std::size_t filled_ = 0;
  std::size_t read_ = 0;
  bool holding_ = false;
  bool ended_ = false;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // the last member: it uses all others
};

// Sniffs on the first call, because a constructor that reads would block where nobody expects it.
class Inflated : public Stream {
 public:
  explicit Inflated(std::unique_ptr<Stream> source) : source_(std::move(source)) {}

  std::span<const std::byte> next() override {
    if (!started_) {
      started_ = true;
      const std::span<const std::byte> first = source_->next();
      const Compression compression = sniff(first);
      if (compression == Compression::kNone) return first;
      inflating_ =
          compression == Compression::kGzip ? gunzip(*source_, first) : unzstd(*source_, first);
    }
    return inflating_ ? inflating_->next() : source_->next();
  }

 private:
  std::unique_ptr<Stream> source_;
  std::unique_ptr<Stream> inflating_;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<Stream> stream_of(int fd, std::string_view name) {
  return std::make_unique<FdStream>(fd, name);
}

Compression sniff(std::span<const std::byte> start) {
  const auto begins = [&](std::string_view magic) {
    return start.size() >= magic.size() &&
           std::memcmp(start.data(), magic.data(), magic.size()) == 0;
  };
  if (begins("\x1f\x8b")) return Compression::kGzip;
  if (begins("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return Compression::kNone;
}

std::unique_ptr<Stream> inflated(std::unique_ptr<Stream> source) {
  return std::make_unique<Inflated>(std::move(source));
}

std::unique_ptr<Stream> read_ahead(std::unique_ptr<Stream> source) {
  return std::make_unique<ReadAhead>(std::move(source));
}

}  // namespace seatrial::image
