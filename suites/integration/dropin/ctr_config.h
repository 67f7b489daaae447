// The whole config.json of a container for `ctr run --config`: what ctr's options have no word for.
#pragma once

#include <filesystem>
#include <string>

#include "suites/integration/dropin/session.h"

namespace dropin_suite {

// Whether the wish is for something that ctr's options cannot say.
bool needs_config(const Wish& wish);

// containerd's own default (`ctr oci spec`) with what the wish changes of it. `pid_of` tells the
// first process of a container that is to be joined.
std::string config_of(const Wish& wish, const std::string& defaults,
                      const std::filesystem::path& rootfs, const std::string& cgroups_path,
                      const std::function<std::string(const std::string&)>& pid_of);

// A root with busybox and its names; like the image, it knows root alone.
void make_rootfs(const std::filesystem::path& directory);

}  // namespace dropin_suite
