// `events`: what a container uses, and that it has run out of memory, as lines of JSON.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "engine/cgroup/detailed_stats.h"
#include "engine/runtime/runtime.h"

namespace seatrial::oci {

// {"type":"stats","id":...,"data":{...}} in runc's words. What the kernel does not count is 0, as
// runc has it, or absent where it leaves it out.
std::string stats_event(std::string_view id, const cgroup::DetailedStats& stats);
std::string oom_event(std::string_view id);

// "5s", "100ms", "1m": a whole number and its unit, more than nothing. Throws
// Error{kInvalidArgument}.
std::chrono::milliseconds parse_interval(std::string_view text);

// Tells the container's stats each `interval`, and when it has run out of memory, until it ends.
// Throws Error; {kConflict} for one that does not run.
void follow_events(runtime::Runtime& runtime, const std::string& id,
                   std::chrono::milliseconds interval,
                   const std::function<void(std::string_view)>& tell);

}  // namespace seatrial::oci
