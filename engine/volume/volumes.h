// Local named volumes: directories under one root that outlive containers.
//
//   ROOT/NAME/_data         what containers see
//   ROOT/NAME/volume.json   labels, creation time, whether the name was made up
//   ROOT/NAME/filling       there while image content is copied in: a fill that was cut short
//
// A volume appears and disappears by one rename, so that several processes and a kill -9 at any
// instant leave whole volumes, and beside them at most directories that start with a dot, which
// no volume may be called; clean() takes those away.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::volume {

struct Volume {
  std::string name = {};
  std::filesystem::path mountpoint = {};  // the _data directory
  std::chrono::system_clock::time_point created = {};
  std::map<std::string, std::string> labels = {};
  bool anonymous = false;  // the name was made up
};

struct Removed {
  std::vector<std::string> names = {};
  std::uint64_t bytes = 0;
};

class Volumes {
 public:
  // Makes the directory (mode 0711) when absent. Throws Error naming it.
  explicit Volumes(std::filesystem::path root);

  // The volume of this name, made when there is none; an empty name: a new one of 64 hex digits.
  // Throws Error{kInvalidArgument} for what cannot be a name.
  Volume create(std::string_view name, const std::map<std::string, std::string>& labels = {});
  // The same, of a name from made_up_name(): who records the name first finds the volume whenever
  // its maker was killed.
  Volume create_anonymous(const std::string& name,
                          const std::map<std::string, std::string>& labels);
  static std::string made_up_name();

  // Throws Error{kNotFound}: "No such volume: NAME".
  Volume find(std::string_view name) const;
  bool has(std::string_view name) const;

  // Sorted by name.
  std::vector<Volume> list() const;

  // Throws Error{kNotFound}, or Error{kConflict} naming the users when there are any: who uses a
  // volume is known to the caller, who keeps it from changing meanwhile.
  void remove(std::string_view name, const std::vector<std::string>& users);

  // Removes those for which `unused` holds.
  Removed prune(const std::function<bool(const Volume&)>& unused);

  // Copies what the image has at `path` beneath `rootfs` into the volume, if that is still empty;
  // see copy_up.h. A fill that was cut short is begun again. False: there was nothing to do.
  bool fill(std::string_view name, int rootfs, std::string_view path);

  // Bytes that the volume's files take on disk.
  std::uint64_t size(std::string_view name) const;

  // Removes what killed processes left. Returns the directories' names.
  std::vector<std::string> clean();

  const std::filesystem::path& root() const { return root_; }
  // Where the volume's content lies, made or not.
  std::filesystem::path mountpoint_of(std::string_view name) const;

 private:
  UniqueFd lock() const;
  Volume make(Volume volume);
  void discard(const std::string& name);

  std::filesystem::path root_;
};

}  // namespace seatrial::volume
