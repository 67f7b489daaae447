// What -v, --mount and --tmpfs say, as typed mounts. Pure: looks at no file. Docker's grammar and
// rules; sources of facts are its reference pages for `run` and `storage`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace seatrial::volume {

enum class MountType { kVolume, kBind, kTmpfs };

// "volume", "bind", "tmpfs".
std::string_view to_string(MountType type);

struct MountSpec {
  MountType type = MountType::kVolume;
  std::string source = {};  // a volume's name (empty: anonymous) or an absolute host path
  std::string target = {};  // absolute and normal, below the container's root, never "/"
  bool read_only = false;
  std::string propagation = {};  // bind: "rprivate", ...; empty: rprivate
  bool recursive = true;         // bind: what is mounted below the source, too
  bool create_source = false;    // bind: -v makes a missing source a directory, --mount refuses
  bool no_copy = false;          // volume: leave it empty on first use
  std::string subpath = {};      // volume: mount only this part of it
  std::map<std::string, std::string> labels = {};  // of a volume that this mount makes
  std::uint64_t tmpfs_size = 0;                    // bytes; 0: the kernel's half of memory
  std::optional<std::uint32_t> tmpfs_mode = {};    // empty: 1777
  std::string tmpfs_options =
      {};  // --tmpfs: what follows the colon, checked, e.g. "noexec,size=1m"
};

// "[SOURCE:]TARGET[:OPTIONS]" as -v takes it. A source that starts with '/' is a host path, "./x"
// and "~" are refused (the caller has made paths absolute), any other is a volume's name.
// Throws Error{kInvalidArgument}: one sentence naming the text and what is wrong with it.
MountSpec parse_volume_option(std::string_view text);

// "type=bind,source=/a,target=/b,readonly" (comma-separated, with CSV's double quotes).
// Throws as above.
MountSpec parse_mount_option(std::string_view text);

// "TARGET[:OPTIONS]" as --tmpfs takes it. Throws as above.
MountSpec parse_tmpfs_option(std::string_view text);

// Refuses a spec that names what its type does not have, or that lacks what it needs. The parsers
// call it; so should who fills a MountSpec by hand. Throws as above.
void check(const MountSpec& spec);

}  // namespace seatrial::volume
