// The cgroups of the floor: one directory in each mounted v1 hierarchy, below this process' own
// cgroup. All names are laid out once, before anything is timed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::perf {

struct FloorHierarchy {
  std::string directory;  // the container's cgroup, a host path
  std::string tasks;      // its file of tasks
  std::string target;     // where the container mounts it, relative to its root
};

struct FloorCgroups {
  std::vector<FloorHierarchy> hierarchies;
  std::string devices_deny, devices_allow;  // the container's files; empty: no such controller
  std::string cpuset_cpus, cpuset_mems;     // the same
  std::string parent_cpus, parent_mems;     // what they must hold before a task can join
};

// For a container of this id. Ends the process with a message when procfs cannot be read.
FloorCgroups find_cgroups(std::string_view id);

// Makes every directory, sets the device rules that every container has, and these, and hands the
// parent's processors and memory nodes down. Allocates nothing.
void make_cgroups(const FloorCgroups& cgroups, const std::vector<std::string>& more_devices);

// Moves the calling, single-threaded process into every directory. Allocates nothing.
void join_cgroups(const FloorCgroups& cgroups);

// Removes every directory. Allocates nothing.
void remove_cgroups(const FloorCgroups& cgroups);

// Writes "floor: WHAT: ERRNO" to stderr and ends the process with 1.
[[noreturn]] void die(const char* what);

}  // namespace seatrial::perf
