// A compiled seccomp profile as a plan takes it.
#pragma once

#include <filesystem>
#include <string>

#include "engine/plan/launch_plan.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

// Where compiled profiles are kept: beside the state root, in which everything is a container.
std::filesystem::path seccomp_cache_of(const std::filesystem::path& state_root);

plan::SeccompFilter seccomp_filter(const spec::Seccomp& profile, std::string program);

}  // namespace seatrial::runtime
