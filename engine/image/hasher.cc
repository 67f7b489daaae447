#include "engine/image/hasher.h"

#include <fmt/format.h>
#include <nettle/sha2.h>

#include <array>
#include <iterator>
#include <string>
#include <variant>

namespace seatrial::image {
namespace {

template <std::size_t kSize>
std::string hex(const std::array<std::uint8_t, kSize>& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

const std::uint8_t* octets(std::span<const std::byte> bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace

struct Hasher::Context {
  std::variant<sha256_ctx, sha512_ctx> state;
};

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Hasher::Hasher(spec::Digest::Algorithm algorithm) : context_(std::make_unique<Context>()) {
  if (algorithm == spec::Digest::Algorithm::kSha256) {
    ::nettle_sha256_init(&context_->state.emplace<sha256_ctx>());
  } else {
    ::nettle_sha512_init(&context_->state.emplace<sha512_ctx>());
  }
}

void Hasher::update(std::span<const std::byte> bytes) {
  if (auto* const sha256 = std::get_if<sha256_ctx>(&context_->state)) {
    ::nettle_sha256_update(sha256, bytes.size(), octets(bytes));
  } else {
    ::nettle_sha512_update(&std::get<sha512_ctx>(context_->state), bytes.size(), octets(bytes));
  }
}

spec::Digest Hasher::finish() {
  using Algorithm = spec::Digest::Algorithm;
  if (auto* const sha256 = std::get_if<sha256_ctx>(&context_->state)) {
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    ::nettle_sha256_digest(sha256, digest.size(), digest.data());
    return spec::Digest::of_hex(Algorithm::kSha256, hex(digest));
  }
  std::array<std::uint8_t, SHA512_DIGEST_SIZE> digest{};
  ::nettle_sha512_digest(&std::get<sha512_ctx>(context_->state), digest.size(), digest.data());
  return spec::Digest::of_hex(Algorithm::kSha512, hex(digest));
}

spec::Digest digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(std::as_bytes(std::span(bytes)));
  return hasher.finish();
}

}  // namespace seatrial::image
