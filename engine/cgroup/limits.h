// The limits whose files differ between the versions of cgroups. Internal to this room; which of
// them is called is Cgroup::apply_limits()'s to decide.
#pragma once

#include "engine/cgroup/writer.h"
#include "engine/spec/config.h"

namespace seatrial::cgroup {

namespace v1 {
void apply_cpu(Writer& writer, const spec::CpuLimits& cpu);
void apply_memory(Writer& writer, const spec::MemoryLimits& memory);
void apply_block_io(Writer& writer, const spec::BlockIoLimits& block_io);
}  // namespace v1

namespace v2 {
void apply_cpu(Writer& writer, const spec::CpuLimits& cpu);
void apply_memory(Writer& writer, const spec::MemoryLimits& memory);
void apply_block_io(Writer& writer, const spec::BlockIoLimits& block_io);
// Whether a file of weights has taken the value, or is not there, or not for that device: the other
// file may be. Anything else is a refusal.
bool is_weight_answer(int failure);
// linux.resources.unified: each value as it is, a write for each line.
void apply_unified(Writer& writer, const std::map<std::string, std::string>& files);
}  // namespace v2

// The kernel takes any number of shares and silently uses the nearest that it allows. Throws
// Error{kInvalidArgument} for one that it would change.
void check_shares(std::uint64_t shares);

// Throws Error{kInvalidArgument} for a burst above the quota, and for a swap below the limit.
void check_burst(const spec::CpuLimits& cpu);
void check_swap(const spec::MemoryLimits& memory);

// checkBeforeUpdate: refuses a limit below what `usage_file` counts instead of letting the kernel
// reclaim. Throws Error{kConflict}.
void check_usage(Writer& writer, const Setting& setting, std::string_view usage_file,
                 const std::optional<std::int64_t>& wanted);

}  // namespace seatrial::cgroup
