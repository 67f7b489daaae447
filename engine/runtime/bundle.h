// A bundle as it lies on disk, read and validated.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/cgroup/systemd_scope.h"
#include "engine/spec/config.h"
#include "engine/spec/known_seccomp.h"

namespace seatrial::runtime {

struct Bundle {
  std::filesystem::path path;  // absolute
  std::string config_text;
  spec::Config config;
  std::string rootfs;  // absolute; is a directory
  // With cgroups that systemd makes: what linux.cgroupsPath named; the configuration has the path
  // that follows from it.
  std::optional<cgroup::Scope> scope = {};
};

// Only reads. `known_seccomp` is spec::ParseContext's. Throws Error: one sentence naming the file
// or the JSON path.
Bundle load_bundle(const std::filesystem::path& path, spec::KnownSeccomp* known_seccomp = nullptr);

}  // namespace seatrial::runtime
