#include "engine/spec/config.h"

namespace seatrial::spec {

const Namespace* Config::find_namespace(NamespaceType type) const {
  for (const Namespace& entry : linux_.namespaces) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

}  // namespace seatrial::spec
