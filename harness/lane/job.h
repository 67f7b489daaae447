// What is run in a lane.
#pragma once

#include <string>
#include <vector>

namespace seatrial::lane {

// In which hierarchies the control groups are.
enum class CgroupLayout { kV2, kV1, kHybrid };

// Which module of the kernel judges beyond users and modes.
enum class SecurityModule { kNone, kAppArmor, kSelinux };

// "v2", "v1", "hybrid" and "none", "apparmor", "selinux". Throw Error{kInvalidArgument} with what
// there is.
CgroupLayout parse_cgroup_layout(std::string_view word);
SecurityModule parse_security_module(std::string_view word);

struct Job {
  std::vector<std::string> args = {};     // args[0]: an absolute path in the lane
  std::vector<std::string> env = {};      // the whole environment, "NAME=VALUE"
  std::string directory = "/root";        // made where it is not there
  std::vector<std::string> collect = {};  // directories, made before; sent back after
  CgroupLayout cgroup = CgroupLayout::kV2;
  SecurityModule security = SecurityModule::kNone;
};

// The text of the file that the guest reads (wire.h). Throws Error{kInvalidArgument} for a value
// that holds a null byte.
std::string print_job(const Job& job);

}  // namespace seatrial::lane
