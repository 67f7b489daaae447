#include "engine/runtime/criu_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/destination.h"
#include "engine/sys/openat2.h"

namespace seatrial::runtime::criu {
namespace {

namespace fs = std::filesystem;

constexpr std::array kDefaultDevices = {"/dev/null",   "/dev/zero",    "/dev/full",
                                        "/dev/random", "/dev/urandom", "/dev/tty"};
constexpr const char* kNullDevice = "/dev/null";

std::string link_of(int fd) {
  return fs::read_symlink(fmt::format("/proc/self/fd/{}", fd)).native();
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

// Where the destination of a mount leads in the root file system; as it is written where it is not
// in there, but on another mount.
class Root {
 public:
  explicit Root(const std::string& rootfs)
      : fd_(open_file(rootfs, O_PATH | O_DIRECTORY)), path_(link_of(fd_.get())) {}

  int get() const { return fd_.get(); }

  UniqueFd open(const std::string& path) const {
    return sys::openat2(fd_.get(), path.c_str(), O_PATH, RESOLVE_IN_ROOT);
  }

  std::string resolve(const std::string& destination) const {
    const std::string normal = normal_destination(destination);
    const UniqueFd fd = open(normal);
    if (!fd) return normal;
    const std::string path = link_of(fd.get());
    return is_below(path, path_) ? path.substr(path_.size()) : normal;
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

bool is_bind(const spec::Mount& mount) {
  return mount.options.bind && !mount.options.remount;
}

bool is_cgroup(const spec::Mount& mount) {
  return !mount.options.bind && (mount.type == "cgroup" || mount.type == "cgroup2");
}

std::vector<std::string> device_paths(const spec::Config& config) {
  std::vector<std::string> paths(kDefaultDevices.begin(), kDefaultDevices.end());
  for (const spec::Device& device : config.linux_.devices) paths.push_back(device.path);
  return paths;
}

// Mount point and directory of the host for the binds that a mount of cgroups is without a
// namespace.
ExternalMounts cgroup_binds(const spec::Config& config, const Root& root,
                            const cgroup::Identity& cgroups) {
  ExternalMounts binds;
  if (config.find_namespace(spec::NamespaceType::kCgroup) != nullptr) return binds;
  const cgroup::Membership* const unified = cgroups.unified();
  for (const spec::Mount& mount : config.mounts) {
    if (!is_cgroup(mount)) continue;
    const std::string target = root.resolve(mount.destination);
    if (unified != nullptr && (cgroups.members.size() == 1 || mount.type == "cgroup2")) {
      binds.emplace_back(target, unified->directory);
      continue;
    }
    for (const cgroup::Membership& member : cgroups.members) {
      const std::string name = fs::path(cgroup::mountpoint_of(member)).filename();
      binds.emplace_back(fmt::format("{}/{}", target, name), member.directory);
    }
  }
  return binds;
}

// Covered by the null device: a masked file.
std::vector<std::string> masked_files(const spec::Config& config, pid_t init) {
  std::vector<std::string> files;
  const UniqueFd root = open_file(fmt::format("/proc/{}/root", init), O_PATH | O_DIRECTORY);
  for (const std::string& path : config.linux_.masked_paths) {
    const UniqueFd fd = sys::openat2(root.get(), path.c_str(), O_PATH, RESOLVE_IN_ROOT);
    struct stat status{};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISCHR(status.st_mode)) continue;
    files.push_back(path);
  }
  return files;
}

void add(ExternalMounts& mounts, const std::string& key, const std::string& value) {
  const bool known =
      std::ranges::any_of(mounts, [&](const auto& mount) { return mount.first == key; });
  if (!known) mounts.emplace_back(key, value);
}

}  // namespace

std::vector<std::string> mount_points(std::string_view mountinfo) {
  std::vector<std::string> points;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    for (int field = 0; field < 5; ++field) words >> word;
    std::string point;
    for (std::size_t at = 0; at < word.size(); ++at) {
      if (word[at] == '\\' && at + 3 < word.size()) {
        point += static_cast<char>(std::stoi(word.substr(at + 1, 3), nullptr, 8));
        at += 3;
      } else {
        point += word[at];
      }
    }
    points.push_back(std::move(point));
  }
  return points;
}

ExternalMounts mounts_to_leave_out(const spec::Config& config, const std::string& rootfs,
                                   const cgroup::Identity& cgroups, pid_t init) {
  const Root root(rootfs);
  const std::vector<std::string> points =
      mount_points(read_file(fmt::format("/proc/{}/mountinfo", init)));
  std::vector<std::string> own;
  own.reserve(config.mounts.size());
  for (const spec::Mount& mount : config.mounts) own.push_back(root.resolve(mount.destination));
  ExternalMounts mounts;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (!is_bind(config.mounts[i])) continue;
    add(mounts, own[i], own[i]);
    if (!config.mounts[i].options.bind_recursive) continue;
    for (const std::string& point : points) {
      if (is_below(point, own[i]) && std::ranges::find(own, point) == own.end()) {
        add(mounts, point, point);
      }
    }
  }
  for (const auto& [target, directory] : cgroup_binds(config, root, cgroups)) {
    add(mounts, target, target);
  }
  for (const std::string& path : masked_files(config, init)) add(mounts, path, path);
  for (const std::string& path : device_paths(config)) add(mounts, path, path);
  return mounts;
}

namespace {

bool is_file(const spec::Mount& mount) {
  struct stat status{};
  return is_bind(mount) && ::stat(mount.source.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

void make_mount_point(const Root& root, const std::string& target, bool file) {
  constexpr unsigned kDirectoryMode = 0755;
  constexpr unsigned kFileMode = 0644;
  if (root.open(target)) return;
  const fs::path path(target);
  const std::string parent = path.parent_path();
  if (parent != "/") make_mount_point(root, parent, false);
  const UniqueFd directory = root.open(parent);
  const std::string name = path.filename();
  const int made = file ? ::mknodat(directory.get(), name.c_str(), S_IFREG | kFileMode, 0)
                        : ::mkdirat(directory.get(), name.c_str(), kDirectoryMode);
  if (made != 0 && errno != EEXIST) throw sys_error(errno, "make the mount point {}", target);
}

}  // namespace

void make_mount_points(const spec::Config& config, const std::string& rootfs) {
  const Root root(rootfs);
  // Where CRIU puts the host's root while it enters this one; where there is no such directory, it
  // makes one, which it cannot here.
  if (config.root.readonly) make_mount_point(root, "/tmp", /*file=*/false);
  std::vector<std::string> mounted;
  for (const spec::Mount& mount : config.mounts) {
    const std::string target = root.resolve(mount.destination);
    const bool covered = std::ranges::any_of(
        mounted, [&](const std::string& above) { return is_below(target, above); });
    if (!covered && target != "/") make_mount_point(root, target, is_file(mount));
    mounted.push_back(target);
  }
}

namespace {

// A file or a directory, as what is bound on it.
std::string make_stage(const fs::path& stage, std::size_t number, bool file) {
  const std::string path = stage / std::to_string(number);
  const int made = file ? ::mknod(path.c_str(), S_IFREG | 0600, 0) : ::mkdir(path.c_str(), 0700);
  if (made != 0) throw sys_error(errno, "create {}", path);
  return path;
}

void supply_bind(const spec::Mount& mount, const std::string& target, const fs::path& stage,
                 Supply& supply) {
  const spec::MountOptions& options = mount.options;
  const std::string staged = make_stage(stage, supply.binds.size(), is_file(mount));
  supply.binds.push_back({.source = mount.source,
                          .target = staged,
                          .recursive = options.bind_recursive,
                          .recursive_set = options.recursive_attributes_set,
                          .recursive_clear = options.recursive_attributes_clear,
                          .set = options.attributes_set,
                          .clear = options.attributes_clear});
  add(supply.mounts, target, staged);
  if (!options.bind_recursive) return;
  const std::string source = fs::path(mount.source).lexically_normal();
  for (const std::string& point : mount_points(read_file("/proc/self/mountinfo"))) {
    if (!is_below(point, source)) continue;
    const std::string below = point.substr(source.size());
    add(supply.mounts, target + below, staged + below);
  }
}

}  // namespace

void check_sources(const spec::Config& config) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const spec::Mount& mount = config.mounts[i];
    struct stat status{};
    if (!is_bind(mount) || ::stat(mount.source.c_str(), &status) == 0) continue;
    throw sys_error(errno, "mounts[{}]: the source of {}, {}", i, mount.destination, mount.source);
  }
}

Supply supply_mounts(const spec::Config& config, const std::string& rootfs,
                     const cgroup::Identity& cgroups, const fs::path& stage) {
  const Root root(rootfs);
  Supply supply;
  supply.binds.push_back({.source = rootfs,
                          .target = make_stage(stage, 0, /*file=*/false),
                          .recursive = true,
                          .set = config.root.readonly ? std::uint64_t{MOUNT_ATTR_RDONLY} : 0});
  for (const spec::Mount& mount : config.mounts) {
    if (is_bind(mount)) supply_bind(mount, root.resolve(mount.destination), stage, supply);
  }
  for (const auto& [target, directory] : cgroup_binds(config, root, cgroups)) {
    add(supply.mounts, target, directory);
  }
  const std::string cover = make_stage(stage, supply.binds.size(), /*file=*/true);
  supply.binds.push_back({.source = kNullDevice,
                          .target = cover,
                          .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
  for (const std::string& path : config.linux_.masked_paths) add(supply.mounts, path, cover);
  for (const std::string& path : device_paths(config)) add(supply.mounts, path, path);
  return supply;
}

}  // namespace seatrial::runtime::criu
