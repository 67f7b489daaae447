// As whom, and within what, an engine is tried: the end of a target's spec.
#pragma once

#include <string_view>

namespace seatrial::harness {

enum class Mode {
  kRoot,       // of the machine; the spec has no ending
  kSandboxed,  // newer system calls are refused (harness/target/sandbox.h)
  kUserns,     // root of a user namespace (harness/target/unprivileged.h)
  kRootless,   // a user without any privilege (the same)
};

// "+userns"; kRoot: "".
std::string_view suffix_of(Mode mode);

struct ModalSpec {
  std::string_view bare;  // "oci:crun"
  Mode mode = Mode::kRoot;
};

// Takes one known ending off: "oci:crun+userns". What else stands there stays in `bare`.
ModalSpec split_mode(std::string_view spec);

// Whether harness and engine lack the machine's root: whatever only it may do is not applicable.
inline bool is_unprivileged(Mode mode) {
  return mode == Mode::kUserns || mode == Mode::kRootless;
}

}  // namespace seatrial::harness
