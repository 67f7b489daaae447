#include "harness/lane/guest/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "harness/lane/guest/port.h"
#include "harness/lane/wire.h"

namespace seatrial::lane::guest {
namespace {

std::vector<std::string> sorted_names(const char* directory) {
  std::vector<std::string> names;
  if (DIR* const dir = ::opendir(directory)) {
    while (const dirent* const entry = ::readdir(dir)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(dir);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_text(const char* path) {
  std::string text;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

bool write_text(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return whole;
}

void mount_at(const char* type, const std::string& where, unsigned long flags, const char* data) {
  ::mkdir(where.c_str(), 0755);
  if (::mount(type, where.c_str(), type, flags, data) != 0) {
    give_up("mount " + std::string(type) + " on " + where, errno);
  }
}

// What the kernel may lack without a loss.
void try_mount(const char* type, const char* where, unsigned long flags) {
  if (::mkdir(where, 0755) == 0 || errno == EEXIST) ::mount(type, where, type, flags, nullptr);
}

void link_to(const char* target, const char* path) {
  if (::symlink(target, path) != 0 && errno != EEXIST) give_up("make a link", errno);
}

constexpr unsigned long kBare = MS_NOSUID | MS_NODEV | MS_NOEXEC;

// The controllers that the kernel has, in its own order.
std::vector<std::string> controllers() {
  std::vector<std::string> names;
  const std::string table = read_text("/proc/cgroups");
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = std::min(table.find('\n', at), table.size());
    if (table[at] != '#') names.push_back(table.substr(at, table.find('\t', at) - at));
    at = end + 1;
  }
  return names;
}

// A v1 hierarchy holds what is mounted with it; v2 gets what no v1 hierarchy holds.
void mount_v1() {
  mount_at("tmpfs", "/sys/fs/cgroup", kBare, "mode=755");
  for (const std::string& name : controllers()) {
    mount_at("cgroup", "/sys/fs/cgroup/" + name, kBare, name.c_str());
  }
  mount_at("cgroup", "/sys/fs/cgroup/systemd", kBare, "none,name=systemd");
}

void mount_v2() {
  mount_at("cgroup2", "/sys/fs/cgroup", kBare, nullptr);
  const std::string all = read_text("/sys/fs/cgroup/cgroup.controllers");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find_first_of(" \n", at), all.size());
    const std::string name = all.substr(at, end - at);
    if (!name.empty() && !write_text("/sys/fs/cgroup/cgroup.subtree_control", "+" + name)) {
      give_up("delegate the controller " + name, errno);
    }
    at = end + 1;
  }
}

}  // namespace

void load_modules() {
  const std::string directory = wire::kModules;
  for (const std::string& name : sorted_names(directory.c_str())) {
    const std::string path = directory + name;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    // A device that nobody asked for would be found by whoever counts devices.
    const char* const options = name.ends_with("-dummy.ko") ? "numdummies=0" : "";
    if (fd < 0 || ::syscall(SYS_finit_module, fd, options, 0) != 0) {
      if (errno != EEXIST) give_up("load the module " + name, errno);
    }
    ::close(fd);
    ::unlink(path.c_str());  // the memory is the job's
  }
}

// The kernel's first root cannot be pivoted away from, and every runtime pivots. A directory of it,
// bound onto itself and moved over it, is a mount like any other: nothing need be copied.
void enter_cargo() {
  if (::mount(wire::kCargo, wire::kCargo, nullptr, MS_BIND, nullptr) != 0 ||
      ::chdir(wire::kCargo) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 ||
      ::chroot(".") != 0 || ::chdir("/") != 0) {
    give_up("move into the cargo", errno);
  }
}

void mount_system() {
  ::umask(0);
  mount_at("proc", "/proc", kBare, nullptr);
  mount_at("sysfs", "/sys", kBare, nullptr);
  mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=755");
  mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
  mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
  try_mount("mqueue", "/dev/mqueue", kBare);
  try_mount("hugetlbfs", "/dev/hugepages", 0);
  try_mount("securityfs", "/sys/kernel/security", kBare);
  try_mount("bpf", "/sys/fs/bpf", kBare);
  link_to("/proc/self/fd", "/dev/fd");
  link_to("/proc/self/fd/0", "/dev/stdin");
  link_to("/proc/self/fd/1", "/dev/stdout");
  link_to("/proc/self/fd/2", "/dev/stderr");
  // There is no modprobe here: all modules are loaded, and asking for it would only take time.
  write_text("/proc/sys/kernel/modprobe", "\n");
  ::umask(022);
}

void mount_cgroups(const std::string& layout) {
  if (layout == "v2") {
    mount_v2();
    return;
  }
  mount_v1();
  if (layout == "hybrid") mount_at("cgroup2", "/sys/fs/cgroup/unified", kBare, nullptr);
}

void enforce_policy(const std::string& path) {
  mount_at("selinuxfs", "/sys/fs/selinux", MS_NOSUID | MS_NOEXEC, nullptr);
  if (!write_text("/sys/fs/selinux/load", read_text(path.c_str()))) {
    give_up("load the policy of SELinux", errno);
  }
  if (!write_text("/sys/fs/selinux/enforce", "1")) give_up("enforce the policy", errno);
}

void raise_loopback() {
  if (::sethostname("lane", 4) != 0) give_up("name the host", errno);
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (fd < 0 || ::ioctl(fd, SIOCSIFFLAGS, &request) != 0) give_up("raise the loopback", errno);
  ::close(fd);
}

}  // namespace seatrial::lane::guest
