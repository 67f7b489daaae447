// The file that a machine boots from: init, modules and cargo, kept by content, and the job.
#pragma once

#include <filesystem>

#include "engine/base/unique_fd.h"
#include "harness/lane/cargo.h"
#include "harness/lane/job.h"
#include "harness/lane/kernel.h"

namespace seatrial::lane {

// A file without a name. What is the same from job to job is taken from `cache`, or made and kept
// there; the images that were not used for longest are removed.
UniqueFd make_initramfs(const Kernel& kernel, const Cargo& cargo, const Job& job,
                        const std::filesystem::path& cache);

}  // namespace seatrial::lane
