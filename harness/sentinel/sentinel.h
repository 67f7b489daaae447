// What a case owns and must leave as it found it.
//
//   const Owned owned{.cgroup_parents = {"/trial-17"}, .state_root = dir};
//   const auto before = Snapshot::take(owned);
//   ... the case ...
//   for (const Leak& leak : compare_when_settled(before, 2s)) { report(leak.text); clean(leak); }
//
// A Snapshot looks only at what belongs to the calling process: the mount and network namespace it
// is in, its descriptors, its descendants (be a subreaper, PR_SET_CHILD_SUBREAPER, or detached ones
// escape), and the cgroups and state root that are named. HostSnapshot (host_snapshot.h) brackets a
// whole run.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {

struct Owned {
  // Paths below the mountpoint of every mounted hierarchy: "/trial-17". What lies below them is
  // compared, not the directory itself. Absent in some or all hierarchies is fine.
  std::vector<std::string> cgroup_parents;
  // Where the target keeps its state; empty: none. What lies below is compared; absent is fine.
  std::filesystem::path state_root;
};

struct CaseFacts;  // what was seen; facts.h

class Snapshot {
 public:
  // Throws Error when procfs cannot be read.
  static Snapshot take(const Owned& owned);

  const Owned& owned() const { return owned_; }
  const CaseFacts& facts() const { return *facts_; }

 private:
  Snapshot(Owned owned, std::shared_ptr<const CaseFacts> facts)
      : owned_(std::move(owned)), facts_(std::move(facts)) {}

  Owned owned_;
  std::shared_ptr<const CaseFacts> facts_;
};

// What `after` has more than `before` (and mounts, links and descriptors that it has less), in the
// order in which to clean: processes first, inner mounts before outer ones. A namespace that only
// reported processes hold, and what lies below a reported cgroup or state entry, is not reported
// again. A child that ended and was not waited for is a process left.
std::vector<Leak> compare(const Snapshot& before, const Snapshot& after);

// Compares with a new snapshot, again and again until nothing differs or `patience` passed: the
// kernel takes some things away a moment after the process that held them ended. Returns at once
// when nothing differs.
std::vector<Leak> compare_when_settled(const Snapshot& before, std::chrono::milliseconds patience);

}  // namespace seatrial::sentinel
