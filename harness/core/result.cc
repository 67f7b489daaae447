#include "harness/core/result.h"

#include <array>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

// Indexed by Verdict.
constexpr std::array<std::string_view, 7> kNames{"pass",           "fail",  "error", "skip",
                                                 "not-applicable", "xfail", "xpass"};

}  // namespace

std::string_view to_string(Verdict verdict) {
  return kNames.at(static_cast<std::size_t>(verdict));
}

Verdict verdict_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i) == name) return static_cast<Verdict>(i);
  }
  throw error(Kind::kInvalidArgument,
              "\"{}\" is not a verdict; it must be one of pass, fail, error, skip, not-applicable, "
              "xfail and xpass",
              name);
}

}  // namespace seatrial::harness
