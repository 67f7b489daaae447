#include "engine/image/hasher.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <iterator>
#include <string>

#include "engine/base/error.h"

namespace seatrial::image {
namespace {

void check(int result) {
  if (result != 1) throw error(Kind::kInternal, "OpenSSL cannot compute a digest");
}

}  // namespace

void Hasher::Free::operator()(evp_md_ctx_st* context) const {
  ::EVP_MD_CTX_free(context);
}

Hasher::Hasher(spec::Digest::Algorithm algorithm)
    : algorithm_(algorithm), context_(::EVP_MD_CTX_new()) {
  const bool is_sha256 = algorithm == spec::Digest::Algorithm::kSha256;
  check(::EVP_DigestInit_ex(context_.get(), is_sha256 ? ::EVP_sha256() : ::EVP_sha512(), nullptr));
}

void Hasher::update(std::span<const std::byte> bytes) {
  check(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

spec::Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned length = 0;
  check(::EVP_DigestFinal_ex(context_.get(), raw.data(), &length));
  std::string hex;
  for (unsigned index = 0; index < length; ++index) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", raw.at(index));
  }
  return spec::Digest::of_hex(algorithm_, hex);
}

spec::Digest digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(std::as_bytes(std::span(bytes)));
  return hasher.finish();
}

}  // namespace seatrial::image
