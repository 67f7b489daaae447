#include "engine/runtime/host.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/init/image.h"
#include "engine/sys/memfd.h"

namespace seatrial::runtime {
namespace {

// PROC_USER_INIT_INO: the inode that the kernel gives to the first user namespace.
constexpr std::string_view kFirstUserNamespace = "user:[4026531837]";

unsigned last_capability() {
  const std::string text = read_file("/proc/sys/kernel/cap_last_cap");
  unsigned number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || number > 63) {
    throw error(Kind::kInternal, "/proc/sys/kernel/cap_last_cap: {} is no capability", text);
  }
  return number;
}

std::uint64_t own_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) throw sys_error(errno, "capget");
  return (std::uint64_t{data[1].permitted} << 32) | data[0].permitted;
}

bool in_user_namespace() {
  char target[64];
  const ssize_t length = ::readlink("/proc/self/ns/user", target, sizeof target);
  if (length < 0) throw sys_error(errno, "read /proc/self/ns/user");
  return std::string_view(target, static_cast<std::size_t>(length)) != kFirstUserNamespace;
}

std::string last_component(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

const cgroup::Layout& Host::layout() {
  const std::lock_guard lock(mutex_);
  if (!layout_) layout_ = cgroup::Layout::detect();
  return *layout_;
}

const cgroup::Layout* Host::layout_if_known() {
  const std::lock_guard lock(mutex_);
  return layout_ ? &*layout_ : nullptr;
}

int Host::init_program() {
  const std::lock_guard lock(mutex_);
  if (!init_program_) {
    init_program_ = sys::sealed_memfd("seatrial-init", init::image(), sys::Executable::kYes);
  }
  return init_program_.get();
}

const std::string& Host::boot_id() {
  const std::lock_guard lock(mutex_);
  if (boot_id_.empty()) {
    boot_id_ = read_file("/proc/sys/kernel/random/boot_id");
    boot_id_.resize(boot_id_.find_last_not_of('\n') + 1);
  }
  return boot_id_;
}

ProcessIdentity Host::self() {
  const std::lock_guard lock(mutex_);
  if (self_.pid != ::getpid()) self_ = identify(::getpid());
  return self_;
}

plan::HostFacts Host::facts(std::vector<plan::CgroupHierarchy> cgroups) {
  const std::lock_guard lock(mutex_);
  if (!facts_) {
    facts_ = plan::HostFacts{.last_capability = last_capability(),
                             .own_capabilities = own_capabilities(),
                             .in_user_namespace = in_user_namespace(),
                             .cgroups = {}};
  }
  plan::HostFacts result = *facts_;
  result.cgroups = std::move(cgroups);
  return result;
}

std::vector<plan::CgroupHierarchy> planned_hierarchies(const cgroup::Layout& layout,
                                                       const std::string& cgroups_path,
                                                       const std::string& container_id) {
  std::vector<plan::CgroupHierarchy> result;
  for (const cgroup::Hierarchy& hierarchy : layout.hierarchies()) {
    result.push_back({.mountpoint = hierarchy.mountpoint,
                      .name = hierarchy.name,
                      .options = hierarchy.mount_options,
                      .v2 = hierarchy.v2,
                      .cgroup = cgroup::resolve_path(hierarchy, cgroups_path, container_id)});
  }
  return result;
}

std::vector<plan::CgroupHierarchy> joined_hierarchies(const cgroup::Identity& identity) {
  std::vector<plan::CgroupHierarchy> result;
  for (const cgroup::Membership& member : identity.members) {
    std::string mountpoint(cgroup::mountpoint_of(member));
    std::string name = last_component(mountpoint);
    result.push_back({.mountpoint = std::move(mountpoint),
                      .name = std::move(name),
                      .options = member.hierarchy,
                      .v2 = member.v2,
                      .cgroup = member.cgroup});
  }
  return result;
}

}  // namespace seatrial::runtime
