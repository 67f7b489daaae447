// A lane: another kernel for one command.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/lane/cargo.h"
#include "harness/lane/job.h"
#include "harness/lane/watch.h"

namespace seatrial::lane {

// "6.1-v2", "6.1-hybrid", "6.1-v2-apparmor": the kernel, the control groups, the security module.
struct LaneName {
  std::string kernel = "6.1";
  CgroupLayout cgroup = CgroupLayout::kV2;
  SecurityModule security = SecurityModule::kNone;
};

// Throws Error{kInvalidArgument} saying what there is.
LaneName parse_lane_name(std::string_view text);

// Throws Error{kUnsupported} for a series of kernels that lanes are not known to work with.
void check_kernel(std::string_view series);

struct LaneRequest {
  LaneName name = {};
  Job job = {};  // its `cgroup` is the name's
  Cargo cargo = {};
  int memory_mib = 0;  // 0: what memory_for() finds
  int cpus = 2;
  std::chrono::seconds timeout{600};
  std::chrono::seconds silence{120};  // after which the machine hangs
  // After which an emulated machine that never spoke is booted once more: nothing has run in it.
  std::chrono::seconds first_sign{100};
  std::filesystem::path cache = {};    // of kernels and initramfs
  std::filesystem::path console = {};  // keep what the kernel says here; empty: do not
};

// The memory for a machine that unpacks an initramfs of so many bytes: `wanted_mib`, or where that
// is 0, 2048 MiB and more for a large one. The machine has it three times while it boots: as it
// came, as files, and as much again because files get half of what is left. Throws
// Error{kInvalidArgument} where `wanted_mib` is too little.
int memory_for(int wanted_mib, std::uint64_t initramfs_bytes);

// $XDG_CACHE_HOME/seatrial/lanes, or ~/.cache/seatrial/lanes.
std::filesystem::path default_cache();

// What every job finds: directories, users, names of hosts, and tools of the host.
Cargo basic_cargo();

// Boots, runs the job, gives its output to `sinks` and returns how it ended. Nothing is left, not
// even after a SIGKILL. Throws Error where there can be no machine.
Verdict run_lane(const LaneRequest& request, const Sinks& sinks);

}  // namespace seatrial::lane
