// Documents for this room's tests: a small valid config.json, changed in one place.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/parse_config.h"

namespace seatrial::spec::testing {

inline constexpr std::string_view kMinimal = R"({
  "ociVersion": "1.3.0",
  "root": {"path": "rootfs"},
  "process": {"cwd": "/", "args": ["true"], "user": {"uid": 0, "gid": 0}},
  "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]}
})";

// kMinimal with an RFC 7396 merge patch applied: null removes, arrays are replaced as a whole.
inline std::string patched(std::string_view patch) {
  auto document = nlohmann::json::parse(kMinimal);
  document.merge_patch(nlohmann::json::parse(patch));
  return document.dump();
}

inline Config parse(std::string_view json) {
  return parse_config(json, {.bundle = "/bundle"});
}

// The message that `json` is refused with; empty when it is taken.
inline std::string refusal(std::string_view json) {
  try {
    parse(json);
    return {};
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) return "wrong kind";
    return failure.what();
  }
}

}  // namespace seatrial::spec::testing
