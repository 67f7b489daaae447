#include "engine/runtime/criu_images.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/json_reader.h"
#include "engine/spec/json_writer.h"
#include "engine/sys/pid_fd.h"

namespace seatrial::runtime::criu {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualConfigFile = "/etc/criu/runc.conf";
constexpr const char* kConfigAnnotation = "org.criu.config";
constexpr unsigned kPrivate = 0700;

CgroupMode cgroup_mode(const std::string& word) {
  if (word.empty() || word == "soft") return CgroupMode::kSoft;
  if (word == "full") return CgroupMode::kFull;
  if (word == "strict") return CgroupMode::kStrict;
  if (word == "ignore") return CgroupMode::kIgnore;
  throw error(Kind::kInvalidArgument,
              "{} is no mode of managing cgroups: there is soft, full, strict and ignore", word);
}

// An annotation that is empty: no file at all.
std::string config_file(const spec::Config& config) {
  const auto found = config.annotations.find(kConfigAnnotation);
  return found == config.annotations.end() ? kUsualConfigFile : found->second;
}

void make_directory(const fs::path& path) {
  if (path.empty()) throw error(Kind::kInvalidArgument, "no directory of images is given");
  if (path.has_parent_path()) make_directories(path.parent_path());
  if (::mkdir(path.c_str(), kPrivate) != 0 && errno != EEXIST) {
    throw sys_error(errno, "make the directory {}", path.native());
  }
}

UniqueFd open_directory(const fs::path& path, pid_t viewer) {
  const std::string root = viewer == 0 ? "" : fmt::format("/proc/{}/root", viewer);
  return open_file(root + path.native(), O_RDONLY | O_DIRECTORY);
}

// The numbers of the mounts in a /proc/PID/mountinfo.
std::vector<std::string> mount_numbers(pid_t pid) {
  std::vector<std::string> numbers;
  std::istringstream lines(read_file(fmt::format("/proc/{}/mountinfo", pid)));
  for (std::string line; std::getline(lines, line);) {
    numbers.push_back(line.substr(0, line.find(' ')));
  }
  return numbers;
}

std::string mount_of(pid_t pid, int fd) {
  std::istringstream lines(read_file(fmt::format("/proc/{}/fdinfo/{}", pid, fd)));
  for (std::string word; lines >> word;) {
    if (word == "mnt_id:" && lines >> word) return word;
  }
  return {};
}

bool is_terminal(pid_t pid, int fd) {
  const auto process = sys::PidFd::open(pid);
  const UniqueFd copy = process ? process->copy_descriptor(fd) : UniqueFd();
  return copy && ::isatty(copy.get()) != 0;
}

// CRIU writes the numbers in hexadecimal.
std::string external_key(pid_t pid, int fd, const std::vector<std::string>& mounts) {
  struct stat status{};
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, fd);
  if (::stat(path.c_str(), &status) != 0) return {};
  const bool terminal = S_ISCHR(status.st_mode) && is_terminal(pid, fd);
  if (!terminal && !S_ISREG(status.st_mode)) return {};
  const std::string mount = mount_of(pid, fd);
  if (mount.empty() || std::ranges::find(mounts, mount) != mounts.end()) return {};
  if (terminal) return fmt::format("tty[{:x}:{:x}]", status.st_rdev, status.st_dev);
  unsigned number = 0;
  std::from_chars(mount.data(), mount.data() + mount.size(), number);
  return fmt::format("file[{:x}:{:x}]", number, status.st_ino);
}

}  // namespace

std::string namespace_key(std::string_view name) {
  std::string key = fmt::format("extRoot{}NS", name);
  key[7] = static_cast<char>(key[7] - 'a' + 'A');
  return key;
}

void check_config(const spec::Config& config) {
  // Its root would have to reach the images and the state directory.
  if (config.find_namespace(spec::NamespaceType::kUser) != nullptr) {
    throw error(Kind::kUnsupported,
                "linux.namespaces: a container in a user namespace cannot be restored by this "
                "version, and so is not checkpointed");
  }
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const spec::Mount& mount = config.mounts[i];
    if (!mount.options.idmap && mount.uid_mappings.empty() && mount.gid_mappings.empty()) continue;
    throw error(Kind::kUnsupported,
                "mounts[{}]: {} is an idmapped mount, which CRIU restores without its mapping", i,
                mount.destination);
  }
  if (!config.linux_.net_devices.empty()) {
    throw error(Kind::kUnsupported, "linux.netDevices: a restored container does not get them");
  }
  if (config.linux_.intel_rdt) {
    throw error(Kind::kUnsupported,
                "linux.intelRdt: CRIU restores processes without their class of service");
  }
  if (config.linux_.memory_policy) {
    throw error(Kind::kUnsupported, "linux.memoryPolicy: CRIU does not restore it");
  }
  if (config.linux_.seccomp && !config.linux_.seccomp->listener_path.empty()) {
    throw error(Kind::kUnsupported,
                "linux.seccomp.listenerPath: a restored filter has no listener");
  }
}

Options options_of(const CriuRequest& request, const spec::Config& config) {
  for (const std::string& name : request.empty_namespaces) {
    if (name == "network") continue;
    throw error(Kind::kInvalidArgument, "{} is no namespace that can be left empty: network is",
                name);
  }
  Options options;
  options.config_file = config_file(config);
  options.cgroups = cgroup_mode(request.manage_cgroups);
  // As with runc: devices, addresses and rules come from whoever set them up, in hooks.
  options.empty_namespaces = CLONE_NEWNET;
  options.established_tcp = request.tcp_established;
  options.external_unix_sockets = request.external_unix_sockets;
  options.shell_job = request.shell_job;
  options.file_locks = request.file_locks;
  options.auto_dedup = request.auto_dedup;
  options.lazy_pages = request.lazy_pages;
  options.orphan_terminals = true;
  return options;
}

std::vector<std::pair<std::string, std::string>> roots_of(const cgroup::Identity& cgroups,
                                                          Roots which) {
  std::vector<std::pair<std::string, std::string>> roots;
  for (const cgroup::Membership& member : cgroups.members) {
    if (which == Roots::kMade && member.made.empty()) continue;
    if (member.v2) roots.emplace_back("", member.cgroup);
    std::istringstream controllers(member.hierarchy);
    for (std::string each; std::getline(controllers, each, ',');) {
      roots.emplace_back(each, member.cgroup);
    }
  }
  return roots;
}

Directories::Directories(const CriuRequest& request, pid_t viewer) {
  make_directory(request.images);
  logs_ = fs::canonical(request.images);
  images_ = open_directory(logs_, viewer);
  if (request.work.empty()) return;
  make_directory(request.work);
  logs_ = fs::canonical(request.work);
  work_ = open_directory(logs_, viewer);
}

std::vector<StdioFile> stdio_of(pid_t init) {
  const std::vector<std::string> mounts = mount_numbers(init);
  std::vector<StdioFile> files;
  for (int fd = 0; fd <= 2; ++fd) {
    std::error_code closed;
    const fs::path link = fs::read_symlink(fmt::format("/proc/{}/fd/{}", init, fd), closed);
    files.push_back(
        closed ? StdioFile{.link = "/dev/null"}
               : StdioFile{.link = link.native(), .external_key = external_key(init, fd, mounts)});
  }
  return files;
}

std::string print_descriptors(const std::vector<StdioFile>& files) {
  spec::JsonWriter json(spec::Layout::kOneLine);
  json.begin_array();
  for (const StdioFile& file : files) {
    json.string(file.external_key.empty() ? file.link : file.external_key);
  }
  json.end_array();
  return json.take();
}

std::vector<InheritedFd> inherited_stdio(std::string_view descriptors) {
  const spec::Document document(descriptors, kDescriptors);
  std::vector<InheritedFd> inherited;
  int fd = 0;
  for (const std::string& word : spec::Reader(document).strings()) {
    const bool of_host =
        word.starts_with("pipe:[") || word.starts_with("file[") || word.starts_with("tty[");
    const bool known =
        std::ranges::any_of(inherited, [&](const InheritedFd& each) { return each.key == word; });
    if (of_host && !known && fd <= 2) inherited.push_back({.key = word, .fd = fd});
    ++fd;
  }
  return inherited;
}

}  // namespace seatrial::runtime::criu
