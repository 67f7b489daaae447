// A bundle as it lies on disk, read and validated.
#pragma once

#include <filesystem>
#include <string>

#include "engine/spec/config.h"

namespace seatrial::runtime {

struct Bundle {
  std::filesystem::path path;  // absolute
  std::string config_text;
  spec::Config config;
  std::string rootfs;  // absolute; is a directory
};

// Only reads. Throws Error: one sentence naming the file or the JSON path.
Bundle load_bundle(const std::filesystem::path& path);

}  // namespace seatrial::runtime
