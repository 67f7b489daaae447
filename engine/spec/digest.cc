#include "engine/spec/digest.h"

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/spec/json_document.h"

namespace seatrial::spec {
namespace {

struct AlgorithmFacts {
  std::string_view name;
  std::size_t hex_digits;
};

// Indexed by Algorithm: those that the image specification registers (descriptor.md, "Digests").
constexpr std::array<AlgorithmFacts, 2> kAlgorithms{{{"sha256", 64}, {"sha512", 128}}};

const AlgorithmFacts& facts(Digest::Algorithm algorithm) {
  return kAlgorithms.at(static_cast<std::size_t>(algorithm));
}

[[noreturn]] void refuse(std::string_view text) {
  throw error(Kind::kInvalidArgument,
              "{} is not a digest (sha256: and 64, or sha512: and 128 lower-case hex digits)",
              shown_text(text));
}

}  // namespace

bool is_lower_hex(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

Digest Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) refuse(text);
  for (std::size_t index = 0; index < kAlgorithms.size(); ++index) {
    if (kAlgorithms[index].name != text.substr(0, colon)) continue;
    const std::string_view hex = text.substr(colon + 1);
    if (hex.size() != kAlgorithms[index].hex_digits || !is_lower_hex(hex)) refuse(text);
    return {static_cast<Algorithm>(index), std::string(text)};
  }
  refuse(text);
}

Digest Digest::of_hex(Algorithm algorithm, std::string_view hex) {
  return parse(fmt::format("{}:{}", facts(algorithm).name, hex));
}

std::string_view Digest::hex() const {
  if (empty()) return {};
  return std::string_view(text_).substr(algorithm_name().size() + 1);
}

std::string_view Digest::algorithm_name() const {
  return facts(algorithm_).name;
}

}  // namespace seatrial::spec
