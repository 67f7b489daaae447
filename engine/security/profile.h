// What a container may do unless its user says otherwise: Docker's defaults.
#pragma once

#include <string>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::security {

// Docker's 14.
spec::CapabilitySet default_capabilities();

// All that this build knows. The runtime grants what it holds itself.
spec::CapabilitySet all_capabilities();

// What shows or changes the host through /proc and /sys. `thermal_throttle`: the directories of
// that name that this host has, below /sys/devices/system/cpu.
std::vector<std::string> default_masked_paths(std::vector<std::string> thermal_throttle = {});
std::vector<std::string> default_readonly_paths();

// Those of this host: their counters tell when neighbours are busy.
std::vector<std::string> thermal_throttle_directories();

// Deny everything; then null, zero, full, random, urandom, tty, console. What every container needs
// beside them (ptmx, terminals, mknod) the runtime adds.
std::vector<spec::DeviceRule> default_device_rules();

}  // namespace seatrial::security
