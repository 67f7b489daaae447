// Overlay mounts through the descriptor-based mount API.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::image {

// Whether what a container writes must outlive a power failure. The kernel syncs the whole file
// system below when a durable overlay is unmounted, which a disposable container need not wait for.
enum class Durability { kDurable, kVolatile };

struct Overlay {
  std::vector<std::filesystem::path> lowers = {};  // the topmost first, no directory twice
  std::filesystem::path upper = {};                // empty: read-only, without `work`
  std::filesystem::path work = {};
  Durability durability = Durability::kDurable;
};

enum class OverlayApi {
  kBest,    // "lowerdir+" one by one where the kernel has it (6.5), else as kLegacy
  kLegacy,  // mount(2) with one list of directories
};

// A detached mount that lives as long as its descriptor, unless move_mount() attaches it. The upper
// directory stays a complete diff: no redirects, no metadata-only copies.
UniqueFd open_overlay(const Overlay& overlay, OverlayApi api = OverlayApi::kBest);

void mount_overlay(const Overlay& overlay, const std::filesystem::path& target,
                   OverlayApi api = OverlayApi::kBest);

}  // namespace seatrial::image
