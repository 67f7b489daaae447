// What checkpoint and restore agree on: the directories of the images, the options that both take,
// and descriptors.json beside the images, which says what the container's stdio was (runc's file:
// an array of what /proc/PID/fd shows).
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/runtime/criu_rpc.h"
#include "engine/runtime/runtime.h"

namespace seatrial::runtime::criu {

inline constexpr const char* kDescriptors = "descriptors.json";

// Those of which CRIU takes one that stands, and does not restore it.
inline constexpr std::array<std::pair<spec::NamespaceType, const char*>, 2> kExternalNamespaces{
    {{spec::NamespaceType::kNetwork, "net"}, {spec::NamespaceType::kPid, "pid"}}};

// The name in the image of one that stood before: "extRootNetNS", as runc calls it.
std::string namespace_key(std::string_view name);

// Throws Error{kUnsupported} naming what of the configuration a restored container would not have:
// CRIU does not say so.
void check_config(const spec::Config& config);

// Throws Error naming the word that means nothing.
Options options_of(const CriuRequest& request, const spec::Config& config);

// Options::cgroup_roots for what create made, or (kAll) for all that the container is in.
enum class Roots { kMade, kAll };
std::vector<std::pair<std::string, std::string>> roots_of(const cgroup::Identity& cgroups,
                                                          Roots which);

// Both directories, open, and made where they are not there.
class Directories {
 public:
  // As this process, or another one, sees them: CRIU works in one of them and mounts there, which
  // it can only in its own mount namespace. Throws Error naming the directory.
  explicit Directories(const CriuRequest& request, pid_t viewer = 0);

  int images() const { return images_.get(); }
  int work() const { return work_ ? work_.get() : -1; }
  std::filesystem::path log(const char* name) const { return logs_ / name; }

 private:
  UniqueFd images_;
  UniqueFd work_;
  std::filesystem::path logs_;
};

struct StdioFile {
  std::string link = {};  // "pipe:[4711]", "/dev/null"
  // For what lies outside the container, "file[1f:2a]", a file's mount and inode, or
  // "tty[8800:15]", the device of a terminal and the file system that it is in; else empty.
  std::string external_key = {};
};

// Of the container's first process.
std::vector<StdioFile> stdio_of(pid_t init);

std::string print_descriptors(const std::vector<StdioFile>& files);

// What of the caller's stdio takes the place of what the image's was. Pure. Throws
// Error{kInvalidArgument} for a text that is no such list.
std::vector<InheritedFd> inherited_stdio(std::string_view descriptors);

}  // namespace seatrial::runtime::criu
