// A disk that is the case's alone.
#pragma once

#include <string>

#include "engine/base/unique_fd.h"

// The first loop device, on zeros in memory. One case at a time has it; the others wait. The kernel
// takes the memory away when this object or its process ends. The number is known because some
// engines take a minor number that is missing for 0.
class OwnDisk {
 public:
  // Throws Lack where this process may have none or somebody else has it.
  OwnDisk();
  OwnDisk(const OwnDisk&) = delete;
  OwnDisk& operator=(const OwnDisk&) = delete;
  ~OwnDisk();

  // Its requests are weighed by whose cgroup they are of, by BFQ, until it goes. Throws Lack where
  // the kernel has no BFQ.
  void weigh_requests();

  static constexpr const char* kPath = "/dev/loop0";
  static constexpr const char* kName = "loop0";
  static constexpr const char* kNumbers = "7:0";

 private:
  seatrial::UniqueFd turn_;  // a lock on the node of all loop devices; let go of last
  seatrial::UniqueFd disk_;
  std::string scheduler_;  // the one that it had; empty: it has it still
};
