// Values of linux.resources on their way to control files. Internal to this room.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {

// One value of the document on its way to one control file.
struct Setting {
  std::string key;  // below linux.resources: "memory.limit"
  std::string file;
  std::string value;
};

template <typename Number>
Setting setting(std::string_view key, std::string_view file, Number value) {
  return {std::string(key), std::string(file), fmt::format("{}", value)};
}

// Writes settings into the directory of the controller that the file's name begins with: that of
// its v1 hierarchy, or the one in the v2 tree, where the controller is enabled for it then.
class Writer {
 public:
  explicit Writer(const Identity& identity) : identity_(identity) {}

  // Whether a limit is for the v2 tree: there is one, and no v1 hierarchy has this controller.
  bool in_unified(std::string_view v1_controller) const;

  void set(const Setting& setting) {
    if (const int failure = try_set(setting)) refuse(setting, failure);
  }

  // Returns 0 or the errno of the write.
  int try_set(const Setting& setting) {
    return directory(setting).try_write(setting.file, setting.value);
  }

  // Whether the file was there; throws as set() does when it would not take the value.
  bool set_if_present(const Setting& setting);

  // Throws what a failed write of `setting` means to the person who wrote the document.
  [[noreturn]] static void refuse(const Setting& setting, int failure);

  // The directory that holds setting.file. Throws kUnsupported when no hierarchy has the
  // controller, kConflict when an ancestor in the v2 tree may not hand it down.
  const Directory& directory(const Setting& setting);

  // The one in the v2 tree, whatever v1 hierarchies there are. Throws kUnsupported without the tree
  // or where it has not the controller, and kConflict as above.
  const Directory& unified_directory(const Setting& setting);

  // A limit that the specification advises against, and that this kernel has not: the container
  // goes without it, as with runc.
  void ignore(const Setting& setting, std::string_view why) {
    ignored_.push_back(
        fmt::format("linux.resources.{}: {}: ignored: {}", setting.key, setting.value, why));
  }
  const std::vector<std::string>& ignored() const { return ignored_; }

  // The directories that create() made above the container's in a v1 hierarchy, outermost first.
  std::vector<std::string> made_above(std::string_view v1_controller) const;

 private:
  // Null where the v2 tree lacks the controller.
  const Directory* in_v2(const Setting& setting, std::string_view controller);

  const Identity& identity_;
  std::map<std::string, Directory, std::less<>> open_;  // by v1 controller
  std::optional<Directory> unified_;
  std::set<std::string, std::less<>> enabled_;  // controllers that unified_ has
  std::vector<std::string> ignored_;
};

}  // namespace seatrial::cgroup
