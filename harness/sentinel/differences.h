// What one kind of fact has more, or less, after than before; shared by Snapshot and HostSnapshot.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <vector>

#include "harness/sentinel/facts.h"
#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {

using Leaks = std::vector<Leak>;

Leaks new_processes(const std::vector<ProcessFact>& before, const std::vector<ProcessFact>& after);
Leaks changed_mounts(const std::vector<MountFact>& before, const std::vector<MountFact>& after);
Leaks changed_links(const std::vector<LinkFact>& before, const std::vector<LinkFact>& after);
// Freezer hierarchies first: cleaning one thaws what is frozen, so that the rest can be killed.
Leaks new_cgroups(const std::vector<CgroupFact>& before, const std::vector<CgroupFact>& after);
Leaks new_entries(const std::vector<EntryFact>& before, const std::vector<EntryFact>& after);
Leaks changed_descriptors(const std::vector<DescriptorFact>& before,
                          const std::vector<DescriptorFact>& after);
// Namespaces that were not there before, but for those held by reported processes alone.
Leaks new_namespaces(const std::vector<NamespaceFact>& before,
                     const std::vector<NamespaceFact>& after, const Leaks& reported);

void append(Leaks& all, Leaks more);

// Calls `look` until it finds nothing or `patience` is over; returns what it found last.
Leaks look_until_settled(const std::function<Leaks()>& look, std::chrono::milliseconds patience);

}  // namespace seatrial::sentinel
