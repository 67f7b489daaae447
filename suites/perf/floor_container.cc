#include "suites/perf/floor_container.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace seatrial::perf {
namespace {

struct Node {
  const char* path;
  unsigned major, minor;
};
constexpr Node kNodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
                           {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};

// All for the possessor; view, read, search for the user.
constexpr unsigned kKeyringRights = 0x3f1b0000;

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

void check(long result, const char* what) {
  if (result < 0) die(what);
}

void mount_new(const char* type, const char* source, const char* target, unsigned long flags,
               const char* data) {
  check(::mount(source, target, type, flags, data), target);
}

void bind(const char* source, const char* target) {
  check(::mount(source, target, nullptr, MS_BIND, nullptr), target);
}

void set_mount_attributes(const char* target, unsigned int at_flags, std::uint64_t attributes) {
  mount_attr change{};
  change.attr_set = attributes;
  check(::syscall(SYS_mount_setattr, AT_FDCWD, target, at_flags, &change, sizeof change), target);
}

void mount_devices() {
  for (const Node& node : kNodes) {
    check(::mknod(node.path, S_IFCHR | 0666, makedev(node.major, node.minor)), node.path);
  }
  check(::symlink("/proc/self/fd", "dev/fd"), "dev/fd");
  check(::symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
  check(::symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
  check(::symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
  check(::symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
}

// Standard streams that are the host's null device become the container's own.
void take_own_null_device() {
  const int null = ::open("dev/null", O_RDWR | O_CLOEXEC);
  check(null, "dev/null");
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat facts{};
    if (::fstat(fd, &facts) != 0 || !S_ISCHR(facts.st_mode)) continue;
    if (facts.st_rdev == makedev(1, 3)) check(::dup2(null, fd), "a standard stream");
  }
  ::close(null);
}

void mount_cgroups(const FloorCgroups& cgroups) {
  mount_new("tmpfs", "cgroup", "sys/fs/cgroup", kQuiet | MS_RELATIME, "mode=755");
  for (const FloorHierarchy& hierarchy : cgroups.hierarchies) {
    check(::mkdir(hierarchy.target.c_str(), 0755), hierarchy.target.c_str());
    bind(hierarchy.directory.c_str(), hierarchy.target.c_str());
  }
  set_mount_attributes(
      "sys/fs/cgroup", AT_RECURSIVE,
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

// The mounts of the default configuration, relative to the root.
void mount_all(const FloorCgroups& cgroups) {
  mount_new("proc", "proc", "proc", 0, nullptr);
  mount_new("tmpfs", "tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  check(::mkdir("dev/pts", 0755), "dev/pts");
  mount_new("devpts", "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
            "newinstance,ptmxmode=0666,mode=0620,gid=5");
  check(::mkdir("dev/shm", 0755), "dev/shm");
  mount_new("tmpfs", "shm", "dev/shm", kQuiet, "mode=1777,size=65536k");
  check(::mkdir("dev/mqueue", 0755), "dev/mqueue");
  mount_new("mqueue", "mqueue", "dev/mqueue", kQuiet, nullptr);
  mount_new("sysfs", "sysfs", "sys", kQuiet | MS_RDONLY, nullptr);
  mount_cgroups(cgroups);
}

void mask_paths(const FloorRecipe& recipe) {
  for (const std::string& masked : recipe.masked) {
    const char* const path = masked.c_str();
    if (::mount("/dev/null", path, nullptr, MS_BIND, nullptr) == 0) {
      set_mount_attributes(path, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    } else if (errno == ENOTDIR) {
      mount_new("tmpfs", "none", path, kQuiet | MS_RDONLY, nullptr);
    } else if (errno != ENOENT) {
      die(path);
    }
  }
  for (const std::string& read_only : recipe.read_only) {
    const char* const path = read_only.c_str();
    if (::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      if (errno == ENOENT) continue;
      die(path);
    }
    set_mount_attributes(path, AT_RECURSIVE, MOUNT_ATTR_RDONLY);
  }
}

void enter_root(const FloorRecipe& recipe) {
  if (recipe.read_only_root) set_mount_attributes(".", 0, MOUNT_ATTR_RDONLY);
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  check(::umount2(".", MNT_DETACH), "detach the old root");
  check(::chdir("/"), "chdir /");
}

void loopback_up() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(fd, "socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(::ioctl(fd, SIOCSIFFLAGS, &request), "bring lo up");
  ::close(fd);
}

// One that its user may search, as the engine's.
void join_session_keyring() {
  const long keyring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "floor");
  check(keyring, "join a session keyring");
  check(::syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, kKeyringRights), "keyctl setperm");
}

void load_filter(const FloorRecipe& recipe) {
  if (recipe.filter.empty()) return;
  const sock_fprog program{.len = static_cast<unsigned short>(recipe.filter.size()),
                           .filter = const_cast<sock_filter*>(recipe.filter.data())};
  check(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "load the filter");
}

// What is kept stands in the bounding, permitted and effective sets; nothing in ambient, because
// nothing is inheritable. Without no_new_privileges, only who has all of them may load a filter.
void drop_privileges(const FloorRecipe& recipe) {
  const std::uint64_t kept = recipe.capabilities;
  if (!recipe.no_new_privileges) load_filter(recipe);
  for (unsigned long capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    check(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "drop from the bounding set");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<__u32>(kept);
  const auto high = static_cast<__u32>(kept >> 32);
  const __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
  check(::syscall(SYS_capset, &header, data), "capset");
  if (!recipe.no_new_privileges) return;
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  load_filter(recipe);
}

// Builds the container around the calling process, which shares its memory with its parent, and
// executes the program. Allocates nothing.
[[noreturn]] void become_container(const FloorContainer& container) {
  check(::setsid(), "setsid");
  check(::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
  ::umask(0);  // nodes get the modes that are written here
  join_session_keyring();
  join_cgroups(*container.cgroups);
  loopback_up();
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "make / a slave");
  check(::mount(container.rootfs, container.rootfs, nullptr, MS_BIND | MS_REC, nullptr),
        container.rootfs);
  check(::chdir(container.rootfs), container.rootfs);
  mount_all(*container.cgroups);
  mount_devices();
  take_own_null_device();
  mask_paths(*container.recipe);
  enter_root(*container.recipe);
  check(::sethostname("seatrial", 8), "sethostname");
  const rlimit files{1024, 1024};
  check(::setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  ::umask(022);
  drop_privileges(*container.recipe);
  const char* const arguments[] = {container.program, nullptr};
  const char* const environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOME=/",
      nullptr};
  ::execve(container.program, const_cast<char* const*>(arguments),
           const_cast<char* const*>(environment));
  die(container.program);
}

int container_main(void* container) {
  become_container(*static_cast<const FloorContainer*>(container));
}

}  // namespace

pid_t start_container(FloorContainer& container) {
  constexpr int kNamespaces =
      CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
  alignas(16) static char stack[64 * 1024];
  return ::clone(container_main, stack + sizeof stack,
                 kNamespaces | CLONE_VM | CLONE_VFORK | SIGCHLD, &container);
}

}  // namespace seatrial::perf
