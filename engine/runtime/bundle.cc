#include "engine/runtime/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/proc_mounts.h"
#include "engine/spec/parse_config.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestConfig = 16U << 20;

std::string read_config(const fs::path& bundle) {
  struct stat status{};
  if (::stat(bundle.c_str(), &status) != 0) throw sys_error(errno, "bundle {}", bundle.native());
  if (!S_ISDIR(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "bundle {} is not a directory", bundle.native());
  }
  const std::string path = (bundle / "config.json").native();
  // O_NONBLOCK: nothing may ever be written into what turns out to be a fifo.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw sys_error(errno, "open {}", path);
  if (::fstat(fd.get(), &status) != 0) throw sys_error(errno, "stat {}", path);
  if (!S_ISREG(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "{} is not a regular file", path);
  }
  return read_all(fd.get(), path, kLargestConfig);
}

std::string rootfs_of(const spec::Config& config, const fs::path& bundle) {
  std::string rootfs = (bundle / config.root.path).lexically_normal().native();
  if (rootfs.size() > 1 && rootfs.back() == '/') rootfs.pop_back();
  struct stat status{};
  if (::stat(rootfs.c_str(), &status) != 0) {
    throw sys_error(errno, "config.json: root.path: the root file system {}", rootfs);
  }
  if (!S_ISDIR(status.st_mode)) {
    throw error(Kind::kInvalidArgument, "config.json: root.path: {} is not a directory", rootfs);
  }
  return rootfs;
}

}  // namespace

Bundle load_bundle(const fs::path& path, spec::KnownSeccomp* known_seccomp) {
  if (path.empty()) throw error(Kind::kInvalidArgument, "the bundle's path is empty");
  Bundle bundle;
  bundle.path = fs::absolute(path).lexically_normal();
  if (!bundle.path.has_filename()) bundle.path = bundle.path.parent_path();
  bundle.config_text = read_config(bundle.path);
  bundle.config = spec::parse_config(
      bundle.config_text, {.bundle = bundle.path.native(), .known_seccomp = known_seccomp});
  check_proc_mounts(bundle.config);
  bundle.rootfs = rootfs_of(bundle.config, bundle.path);
  return bundle;
}

}  // namespace seatrial::runtime
