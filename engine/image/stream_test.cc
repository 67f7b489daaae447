#include "engine/image/stream.h"

#include <zlib.h>
#include <zstd.h>

#include "engine/image/layer_fixture.h"

namespace seatrial::image::testing {
namespace {

std::string gzipped(const std::string& text) {
  z_stream state{};
  EXPECT_EQ(::deflateInit2(&state, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string result(::deflateBound(&state, text.size()) + 64, '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(result.data());
  state.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(::deflate(&state, Z_FINISH), Z_STREAM_END);
  result.resize(state.total_out);
  ::deflateEnd(&state);
  return result;
}

std::string zstd(const std::string& text) {
  std::string result(::ZSTD_compressBound(text.size()), '\0');
  result.resize(::ZSTD_compress(result.data(), result.size(), text.data(), text.size(), 1));
  return result;
}

std::string all(std::unique_ptr<Stream> stream) {
  std::string text;
  for (auto bytes = stream->next(); !bytes.empty(); bytes = stream->next()) {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return text;
}

std::string inflate(const std::string& bytes, std::size_t step = 4096) {
  return all(read_ahead(inflated(std::make_unique<Bytes>(bytes, step))));
}

std::string text() {
  std::string result;
  for (int line = 0; line < 200'000; ++line) result += std::to_string(line * 7919) + "\n";
  return result;
}

TEST(Stream, InflatesWhatItRecognises) {
  const std::string plain = text();
  for (const std::size_t step : {std::size_t{509}, std::size_t{65536}, std::size_t{1} << 24}) {
    EXPECT_EQ(inflate(gzipped(plain), step), plain);
    EXPECT_EQ(inflate(zstd(plain), step), plain);
    EXPECT_EQ(inflate(plain, step), plain);
  }
  EXPECT_EQ(inflate(""), "");
}

TEST(Stream, TakesSeveralMembersAndPadding) {
  EXPECT_EQ(inflate(gzipped("a") + gzipped("") + gzipped("b") + std::string(600, '\0')), "ab");
  EXPECT_EQ(inflate(zstd("a") + zstd("b")), "ab");
  const std::string one = gzipped("");
  std::string empties;
  for (int count = 0; count < 100'000; ++count) empties += one;
  EXPECT_EQ(inflate(empties + gzipped("end")), "end");
}

TEST(Stream, RefusesWhatIsBrokenOrCut) {
  for (std::string bytes : {gzipped(text()), zstd(text())}) {
    EXPECT_THROW(inflate(bytes.substr(0, bytes.size() - 3)), Error);
    EXPECT_THROW(inflate(bytes.substr(0, bytes.size() / 2)), Error);
    bytes[bytes.size() / 2] ^= 0x55;
    bytes[bytes.size() - 2] ^= 0x55;
    EXPECT_THROW(inflate(bytes), Error);
  }
  EXPECT_THROW(inflate(gzipped("a") + "garbage"), Error);
  EXPECT_THROW(inflate(gzipped("a") + std::string(3, '\0') + gzipped("b")), Error);
}

TEST(Stream, ReadingAheadEndsWithItsReader) {
  const auto stream = read_ahead(std::make_unique<Bytes>(text(), 100));
  EXPECT_EQ(stream->next().size(), 100U);
}

}  // namespace
}  // namespace seatrial::image::testing
