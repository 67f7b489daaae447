#include "engine/spec/config.h"

#include <algorithm>

namespace seatrial::spec {

const Namespace* Config::find_namespace(NamespaceType type) const {
  for (const Namespace& entry : linux_.namespaces) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

bool Seccomp::notifies() const {
  return default_action == SeccompAction::kNotify ||
         std::any_of(syscalls.begin(), syscalls.end(),
                     [](const SeccompRule& rule) { return rule.action == SeccompAction::kNotify; });
}

}  // namespace seatrial::spec
