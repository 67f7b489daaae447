// The device rules of a document as a program that the kernel asks at each open and mknod: cgroup
// v2 has no list of devices. Exact where the list of v1 is not: of each access that is asked for,
// the last rule that names it decides, as the order of the array says.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::cgroup {

// BPF_PROG_TYPE_CGROUP_DEVICE. What no rule names is denied. Pure.
std::vector<bpf_insn> device_program(std::span<const spec::DeviceRule> rules);

// Whether every access to every device is allowed, so that no program is needed.
bool allows_everything(std::span<const spec::DeviceRule> rules);

}  // namespace seatrial::cgroup
