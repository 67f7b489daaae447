#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {

std::string_view to_string(LeakKind kind) {
  switch (kind) {
    case LeakKind::kProcess:
      return "process";
    case LeakKind::kNamespace:
      return "namespace";
    case LeakKind::kMount:
      return "mount";
    case LeakKind::kLink:
      return "network link";
    case LeakKind::kCgroup:
      return "cgroup";
    case LeakKind::kStateEntry:
      return "state entry";
    case LeakKind::kDescriptor:
      return "descriptor";
  }
  return "";
}

}  // namespace seatrial::sentinel
