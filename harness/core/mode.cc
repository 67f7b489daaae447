#include "harness/core/mode.h"

namespace seatrial::harness {

std::string_view suffix_of(Mode mode) {
  switch (mode) {
    case Mode::kRoot:
      return "";
    case Mode::kSandboxed:
      return "+sandboxed";
    case Mode::kUserns:
      return "+userns";
    case Mode::kRootless:
      return "+rootless";
  }
  return "";
}

ModalSpec split_mode(std::string_view spec) {
  for (const Mode mode : {Mode::kSandboxed, Mode::kUserns, Mode::kRootless}) {
    const std::string_view suffix = suffix_of(mode);
    if (spec.ends_with(suffix)) {
      return {.bare = spec.substr(0, spec.size() - suffix.size()), .mode = mode};
    }
  }
  return {.bare = spec};
}

}  // namespace seatrial::harness
