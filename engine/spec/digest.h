// Content digests as the image specification writes them: "sha256:HEX". Pure parsing; the hashing
// is done where the bytes are (engine/image/sha256.h).
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace seatrial::spec {

// Only parse() and of_hex() make one that names something, so that a path or a URL built from a
// Digest holds no byte but lower-case hex digits (CVE-2014-9358, CVE-2024-3727).
class Digest {
 public:
  enum class Algorithm { kSha256, kSha512 };

  Digest() = default;  // names nothing; text() is empty

  // Throws Error{kInvalidArgument}: `"md5:..." is not a digest (...)`.
  static Digest parse(std::string_view text);
  static Digest of_hex(Algorithm algorithm, std::string_view hex);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  std::string_view hex() const;
  Algorithm algorithm() const { return algorithm_; }
  std::string_view algorithm_name() const;  // "sha256"

  friend bool operator==(const Digest& left, const Digest& right) {
    return left.text_ == right.text_;
  }
  friend auto operator<=>(const Digest& left, const Digest& right) {
    return left.text_ <=> right.text_;
  }

 private:
  Digest(Algorithm algorithm, std::string text) : algorithm_(algorithm), text_(std::move(text)) {}

  Algorithm algorithm_ = Algorithm::kSha256;
  std::string text_;
};

// Lower-case hex digits alone; not empty.
bool is_lower_hex(std::string_view text);

}  // namespace seatrial::spec
