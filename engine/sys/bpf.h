// Programs of the kernel's BPF machine on cgroups of version 2 (bpf(2)). Needs CAP_BPF and
// CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the first user namespace.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

// Checks and loads a program that calls no helper. `name` has at most 15 letters, digits, '_' and
// '.'. Throws Error: EPERM without the privilege, EINVAL where the kernel lacks this type.
UniqueFd load_bpf(bpf_prog_type type, std::span<const bpf_insn> program, std::string_view name);

struct AttachedBpf {
  UniqueFd program;
  std::string name;
};

// The programs on this very cgroup, in the order in which they run. Throws Error.
std::vector<AttachedBpf> attached_bpf(int cgroup, bpf_attach_type type);

// Puts the program on the cgroup, beside others that are or will be there and below: an access that
// one of them refuses is refused. With `replaced`, one of attached_bpf(), it takes that one's place
// and no access falls between them (Linux 5.6). Throws Error.
void attach_bpf(int cgroup, bpf_attach_type type, int program, int replaced = -1);

}  // namespace seatrial::sys
