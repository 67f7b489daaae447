#include <unistd.h>

#include "harness/sentinel/differences.h"
#include "harness/sentinel/sentinel.h"

namespace seatrial::sentinel {
namespace {

// A parent directory itself is the case's frame, not its remains.
void read_below(const std::string& mountpoint, const std::string& parent,
                std::vector<CgroupFact>& found) {
  const std::vector<CgroupFact> all = read_cgroups(mountpoint, parent);
  if (!all.empty()) found.insert(found.end(), all.begin() + 1, all.end());
}

}  // namespace

Snapshot Snapshot::take(const Owned& owned) {
  auto facts = std::make_shared<CaseFacts>();
  facts->processes = read_descendants();
  facts->namespaces = read_namespaces(::getpid());
  for (const ProcessFact& process : facts->processes) {
    const std::vector<NamespaceFact> more = read_namespaces(process.pid);
    facts->namespaces.insert(facts->namespaces.end(), more.begin(), more.end());
  }
  facts->mounts = read_mounts();
  facts->links = read_links();
  for (const std::string& mountpoint : cgroup_mountpoints(facts->mounts)) {
    for (const std::string& parent : owned.cgroup_parents) {
      read_below(mountpoint, parent, facts->cgroups);
    }
  }
  if (!owned.state_root.empty()) facts->entries = read_entries(owned.state_root);
  facts->descriptors = read_descriptors();
  return {owned, std::move(facts)};
}

std::vector<Leak> compare(const Snapshot& before, const Snapshot& after) {
  const CaseFacts& was = before.facts();
  const CaseFacts& is = after.facts();
  Leaks leaks = new_cgroups(was.cgroups, is.cgroups);
  append(leaks, new_processes(was.processes, is.processes));
  append(leaks, new_namespaces(was.namespaces, is.namespaces, leaks));
  append(leaks, changed_mounts(was.mounts, is.mounts));
  append(leaks, changed_links(was.links, is.links));
  append(leaks, new_entries(was.entries, is.entries));
  append(leaks, changed_descriptors(was.descriptors, is.descriptors));
  return leaks;
}

std::vector<Leak> compare_when_settled(const Snapshot& before, std::chrono::milliseconds patience) {
  return look_until_settled([&] { return compare(before, Snapshot::take(before.owned())); },
                            patience);
}

}  // namespace seatrial::sentinel
