// Digests of bytes that pass by (nettle, which uses the processor's own instructions and is small;
// libcrypto would cost each start of a program a millisecond).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "engine/spec/digest.h"

namespace seatrial::image {

class Hasher {
 public:
  explicit Hasher(spec::Digest::Algorithm algorithm = spec::Digest::Algorithm::kSha256);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::span<const std::byte> bytes);

  // Of all bytes so far; once.
  spec::Digest finish();

 private:
  struct Context;  // nettle's header turns common names into macros
  std::unique_ptr<Context> context_;
};

spec::Digest digest_of(std::string_view bytes);  // sha256

}  // namespace seatrial::image
