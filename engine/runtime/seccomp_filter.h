// A compiled seccomp profile as a plan takes it.
#pragma once

#include <string>

#include "engine/plan/launch_plan.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

plan::SeccompFilter seccomp_filter(const spec::Seccomp& profile, std::string program);

}  // namespace seatrial::runtime
