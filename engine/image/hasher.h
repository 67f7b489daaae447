// Digests of bytes that pass by (OpenSSL's EVP, which uses the processor's own instructions).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "engine/spec/digest.h"

struct evp_md_ctx_st;

namespace seatrial::image {

class Hasher {
 public:
  explicit Hasher(spec::Digest::Algorithm algorithm = spec::Digest::Algorithm::kSha256);

  void update(std::span<const std::byte> bytes);

  // Of all bytes so far; once.
  spec::Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };

  spec::Digest::Algorithm algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

spec::Digest digest_of(std::string_view bytes);  // sha256

}  // namespace seatrial::image
