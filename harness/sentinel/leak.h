// What was left behind, or taken away, between two snapshots.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::sentinel {

enum class LeakKind {
  kProcess,
  kNamespace,
  kMount,
  kLink,
  kCgroup,
  kStateEntry,
  kDescriptor,
};

// "process", "namespace", "mount", "network link", "cgroup", "state entry", "descriptor".
std::string_view to_string(LeakKind kind);

enum class Change {
  kLeft,  // is there and was not before
  kGone,  // was there and is not any more: mounts, links and descriptors alone
};

struct Leak {
  LeakKind kind = LeakKind::kProcess;
  Change change = Change::kLeft;

  // What tells the thing from a later one of the same name: pid and start time (clock ticks since
  // boot), namespace inode, mount id, interface index, directory inode, descriptor number.
  std::uint64_t id = 0;
  std::uint64_t start_time = 0;
  // Mountpoint, interface name, host path, descriptor's target, command, "net".
  std::string name;
  // Pids that hold it: processes inside a cgroup, holders of a namespace.
  std::vector<int> holders;

  // One sentence without full stop: "mount 812 (tmpfs on /run/x) was left".
  std::string text;
};

// Takes a kLeft leak away by its recorded identity: kills through a pidfd, unmounts, deletes the
// link, kills what sits in the cgroup and removes it, removes the tree, closes. Already gone is
// fine; something else under the same name is not touched. For use after reporting, in the order
// compare() gave. Throws Error naming what could not be removed; kUnsupported for kGone and for a
// namespace, which lives as long as its holders.
void clean(const Leak& leak);

}  // namespace seatrial::sentinel
