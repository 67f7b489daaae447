#include "engine/runtime/host.h"

#include <unistd.h>

#include <charconv>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/init/image.h"
#include "engine/sys/memfd.h"

namespace seatrial::runtime {
namespace {

unsigned last_capability() {
  const std::string text = read_file("/proc/sys/kernel/cap_last_cap");
  unsigned number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || number > 63) {
    throw error(Kind::kInternal, "/proc/sys/kernel/cap_last_cap: {} is no capability", text);
  }
  return number;
}

std::string last_component(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

const cgroup::Layout& Host::layout() {
  const std::lock_guard lock(mutex_);
  if (layout_) return *layout_;
  try {
    layout_ = cgroup::Layout::detect();
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kUnsupported || !cgroups_are_optional()) throw;
    layout_.emplace();
  }
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
                             .in_user_namespace = in_user_namespace()};
    if (restricted_) add_restrictions(*facts_);
  }
  plan::HostFacts result = *facts_;
  result.cgroups = std::move(cgroups);
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
