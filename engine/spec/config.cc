#include "engine/spec/config.h"

#include <algorithm>

namespace seatrial::spec {

const Namespace* Config::find_namespace(NamespaceType type) const {
  for (const Namespace& entry : linux_.namespaces) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

// Of documents up to 1.2 a MB: line of l3CacheSchema gives way to memBwSchema; later ones are
// written one after the other, which comes to the same.
std::vector<std::string> IntelRdt::lines() const {
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin < l3_cache_schema.size();) {
    const std::size_t end = std::min(l3_cache_schema.find('\n', begin), l3_cache_schema.size());
    std::string line = l3_cache_schema.substr(begin, end - begin);
    const bool gives_way = !mem_bw_schema.empty() && line.starts_with("MB:");
    if (!line.empty() && !gives_way) result.push_back(std::move(line));
    begin = end + 1;
  }
  if (!mem_bw_schema.empty()) result.push_back(mem_bw_schema);
  result.insert(result.end(), schemata.begin(), schemata.end());
  return result;
}

bool Seccomp::notifies() const {
  return default_action == SeccompAction::kNotify ||
         std::any_of(syscalls.begin(), syscalls.end(),
                     [](const SeccompRule& rule) { return rule.action == SeccompAction::kNotify; });
}

}  // namespace seatrial::spec
