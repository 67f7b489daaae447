// The contestants of this benchmark, their names and the bars between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "suites/perf/contestant.h"
#include "suites/perf/samples.h"
#include "suites/perf/stage.h"

namespace seatrial::perf {

inline constexpr const char* kInProcessSmall = "in-process-4MiB";
inline constexpr const char* kInProcessLarge = "in-process-200MiB";
inline constexpr const char* kRun = "seatrial-runtime";
inline constexpr const char* kRunc = "runc";
inline constexpr const char* kCrun = "crun";
inline constexpr const char* kFloor = "floor";

// All names, in the order of the tables.
const std::vector<std::string>& all_contestants();

// The ratios to print, with the bars that the project promises to keep.
const std::vector<RatioOf>& all_wanted(Configuration configuration);

// The contestant of this name on this stage; null, with a sentence to `absence`, when it is not
// here. The container's output goes to `stdout_fd`, -1: /dev/null.
std::unique_ptr<Contestant> make_contestant(const std::string& name, const Stage& stage,
                                            std::string& absence, int stdout_fd = -1);

}  // namespace seatrial::perf
