// The world that the job finds: modules, root, mounts, control groups, loopback.
#pragma once

#include <string>

namespace seatrial::lane::guest {

// Each gives up (port.h) when the kernel refuses what no job can do without.
void load_modules();
void enter_cargo();
void mount_system();
void mount_cgroups(const std::string& layout);
void enforce_policy(const std::string& path);
void raise_loopback();

}  // namespace seatrial::lane::guest
