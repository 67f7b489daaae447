// Device nodes of the host that a container gets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/container_types.h"
#include "engine/spec/config.h"

namespace seatrial::core {

struct HostDevices {
  std::vector<spec::Device> nodes = {};
  std::vector<spec::DeviceRule> rules = {};
};

// --device and --device-cgroup-rule. Throws Error{kInvalidArgument} for a path that is no device
// and for a rule that is none.
void add_devices(HostDevices& devices, const std::vector<DeviceMapping>& mappings,
                 const std::vector<std::string>& rules);

// Every node below /dev, for a privileged container; but those that each container has of its own.
HostDevices all_host_devices();

// Of --device-read-bps and its like; empty where none is given. Throws Error{kInvalidArgument} for
// a path that is no block device.
std::optional<spec::BlockIoLimits> block_io_of(const ResourceLimits& limits);

// "c 1:3 rwm", "b *:* r". Throws Error{kInvalidArgument}.
spec::DeviceRule parse_device_rule(const std::string& text);

}  // namespace seatrial::core
