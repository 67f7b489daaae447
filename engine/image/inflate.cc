#include "engine/image/inflate.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::image {
namespace {

class Gunzip : public Stream {
 public:
  Gunzip(Stream& source, std::span<const std::byte> first)
      : source_(source), input_(first), output_(kChunk) {
    constexpr int kGzipOnly = 16;  // added to the window bits (zlib.h, inflateInit2)
    if (::inflateInit2(&state_, MAX_WBITS + kGzipOnly) != Z_OK) {
      throw error(Kind::kExhausted, "no memory to inflate");
    }
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() override { ::inflateEnd(&state_); }

  std::span<const std::byte> next() override {
    // In a loop, however many empty members follow each other (CVE-2022-30631).
    while (!ended_) {
      if (input_.empty()) input_ = source_.next();
      if (input_.empty()) {
        if (!between_members_) throw error(Kind::kInvalidArgument, "the gzip stream is truncated");
        ended_ = true;
        break;
      }
      if (between_members_ && !begin_member()) continue;
      if (const std::size_t made = step()) return std::span(output_).first(made);
    }
    return {};
  }

 private:
  // Zeros after the last member are padding (gzip(1) ignores them, too).
  bool begin_member() {
    while (!first_member_ && !input_.empty() && input_.front() == std::byte{0}) {
      padding_ = true;
      input_ = input_.subspan(1);
    }
    if (input_.empty()) return false;
    if (padding_) throw error(Kind::kInvalidArgument, "bytes follow the end of the gzip stream");
    if (!first_member_) ::inflateReset(&state_);
    first_member_ = false;
    between_members_ = false;
    return true;
  }

  std::size_t step() {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
    state_.avail_in = static_cast<uInt>(input_.size());
    state_.next_out = reinterpret_cast<Bytef*>(output_.data());
    state_.avail_out = static_cast<uInt>(output_.size());
    const int result = ::inflate(&state_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      throw error(Kind::kInvalidArgument, "the gzip stream is broken: {}",
                  state_.msg != nullptr ? state_.msg : "zlib gives no reason");
    }
    input_ = input_.last(state_.avail_in);
    if (result == Z_STREAM_END) between_members_ = true;
    return output_.size() - state_.avail_out;
  }

  Stream& source_;
  std::span<const std::byte> input_;
  std::vector<std::byte> output_;
  z_stream state_{};
  bool first_member_ = true;
  bool between_members_ = true;
  bool padding_ = false;
  bool ended_ = false;
};

class Unzstd : public Stream {
 public:
  Unzstd(Stream& source, std::span<const std::byte> first)
      : source_(source), input_(first), output_(kChunk), state_(::ZSTD_createDStream()) {
    if (!state_) throw error(Kind::kExhausted, "no memory to inflate");
  }

  std::span<const std::byte> next() override {
    for (;;) {
      if (input_.empty() && !full_) input_ = source_.next();
      if (input_.empty() && !full_) {
        if (inside_frame_) throw error(Kind::kInvalidArgument, "the zstd stream is truncated");
        return {};
      }
      ZSTD_inBuffer in{input_.data(), input_.size(), 0};
      ZSTD_outBuffer out{output_.data(), output_.size(), 0};
      // The window's limit is the library's own, 128 MiB, whatever the frame asks for.
      const std::size_t hint = ::ZSTD_decompressStream(state_.get(), &out, &in);
      if (::ZSTD_isError(hint) != 0) {
        throw error(Kind::kInvalidArgument, "the zstd stream is broken: {}",
                    ::ZSTD_getErrorName(hint));
      }
      input_ = input_.subspan(in.pos);
      inside_frame_ = hint != 0;
      full_ = inside_frame_ && out.pos == out.size;  // there may be more without new input
      if (out.pos > 0) return std::span(output_).first(out.pos);
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* state) const { ::ZSTD_freeDStream(state); }
  };

  Stream& source_;
  std::span<const std::byte> input_;
  std::vector<std::byte> output_;
  std::unique_ptr<ZSTD_DStream, Free> state_;
  bool inside_frame_ = true;
  bool full_ = false;
};

}  // namespace

std::unique_ptr<Stream> gunzip(Stream& source, std::span<const std::byte> first) {
  return std::make_unique<Gunzip>(source, first);
}

std::unique_ptr<Stream> unzstd(Stream& source, std::span<const std::byte> first) {
  return std::make_unique<Unzstd>(source, first);
}

}  // namespace seatrial::image
