// The Linux mount options of config.md: what each word asks of the kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::spec {

enum class OptionEffect {
  kNone,                // a word that changes nothing
  kAttribute,           // set, clear: MOUNT_ATTR_* of this mount
  kRecursiveAttribute,  // the same for the whole tree
  kSuperblockFlag,      // set, clear: MS_*
  kPropagation,         // set: MS_SHARED, ... and MS_REC for the recursive form
  kBind,                // set: MS_REC for rbind
  kIdmap,               // set: MS_REC for ridmap
  kRemount,
  kSilent,
  kLoud,
  kCopyUp,
};

struct MountOption {
  std::string_view name;
  OptionEffect effect = OptionEffect::kNone;
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
};

// Every option that parse_mount_options() knows, sorted by name.
std::span<const MountOption> mount_option_table();

// What the options together ask for. A later option wins over an earlier one that contradicts it.
// An option that the table does not know is data for the file system; at its commas, unless quoted
// or escaped, it falls into several, as the data of mount(2) would.
MountOptions parse_mount_options(const std::vector<std::string>& options);

}  // namespace seatrial::spec
