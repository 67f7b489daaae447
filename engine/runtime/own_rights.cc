#include "engine/runtime/own_rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/names.h"

namespace seatrial::runtime {
namespace {

using spec::NamespaceType;

// PROC_USER_INIT_INO: the inode that the kernel gives to the first user namespace.
constexpr std::string_view kFirstUserNamespace = "user:[4026531837]";

bool has(std::uint64_t capabilities, unsigned number) {
  return (capabilities >> number & 1) != 0;
}

// Only the owner of a mount namespace may; a root that unshared nothing but its user namespace is
// not. Asked by effect, and what was cloned is gone with the descriptor. With that right the kernel
// may still refuse the root alone, where a mount below it is locked (EINVAL).
bool may_clone_mounts() {
  const UniqueFd clone(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  return clone || errno != EPERM;
}

std::string line_of(const char* path) {
  std::string text = read_file(path);
  text.resize(text.find_last_not_of('\n') + 1);
  return text;
}

// Nothing for a file that this kernel does not have.
std::optional<std::string> line_if_present(const char* path) {
  if (::access(path, F_OK) != 0) return std::nullopt;
  return line_of(path);
}

void check_user_namespace(const spec::Config& config, const plan::HostFacts& facts) {
  const spec::Namespace* const users = config.find_namespace(NamespaceType::kUser);
  const bool may_build = has(facts.own_capabilities, CAP_SYS_ADMIN);
  if (users == nullptr) {
    // Without any namespace there is nothing but a chroot to be made.
    if (may_build ||
        (config.linux_.namespaces.empty() && has(facts.own_capabilities, CAP_SYS_CHROOT))) {
      return;
    }
    throw error(Kind::kDenied,
                "linux.namespaces: an entry of type user is needed, with linux.uidMappings and "
                "linux.gidMappings: user {} has no CAP_SYS_ADMIN, without which no other container "
                "can be built",
                ::geteuid());
  }
  if (!users->path.empty()) return;
  constexpr const char* kMost = "/proc/sys/user/max_user_namespaces";
  if (line_if_present(kMost) == "0") {
    throw error(Kind::kUnsupported,
                "linux.namespaces: no user namespace can be made on this host: {} is 0", kMost);
  }
  constexpr const char* kUnprivileged = "/proc/sys/kernel/unprivileged_userns_clone";  // Debian's
  if (!may_build && line_if_present(kUnprivileged) == "0") {
    throw error(Kind::kUnsupported,
                "linux.namespaces: no user namespace can be made by user {} on this host: {} is 0",
                ::geteuid(), kUnprivileged);
  }
}

void check_rlimits(const std::vector<spec::Rlimit>& rlimits) {
  for (std::size_t i = 0; i < rlimits.size(); ++i) {
    struct rlimit64 own{};
    const auto resource = static_cast<__rlimit_resource>(rlimits[i].resource);
    if (::getrlimit64(resource, &own) != 0 || rlimits[i].hard <= own.rlim_max) continue;
    throw error(Kind::kDenied,
                "process.rlimits[{}].hard: {} {} is above this process's own hard limit of {}, "
                "which only CAP_SYS_RESOURCE may raise",
                i, spec::rlimit_name(rlimits[i].resource), rlimits[i].hard, own.rlim_max);
  }
}

// Whether the container's processes may choose their groups: not where its map of groups is one
// that an unprivileged user writes (user_namespaces(7)), nor where that was so further out.
bool may_set_groups(const spec::Config& config, const plan::HostFacts& facts) {
  if (facts.in_user_namespace && line_of("/proc/self/setgroups") == "deny") return false;
  if (has(facts.own_capabilities, CAP_SETGID)) return true;
  const spec::Namespace* const users = config.find_namespace(NamespaceType::kUser);
  if (users == nullptr) return false;
  const auto& map = config.linux_.gid_mappings;
  return !users->path.empty() || !is_own_id_alone(map, ::getegid());
}

}  // namespace

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

bool is_restricted() {
  return ::geteuid() != 0 || in_user_namespace();
}

void add_restrictions(plan::HostFacts& facts) {
  facts.may_clone_mounts = may_clone_mounts();
  if (!facts.in_user_namespace) return;
  facts.uid_map = parse_id_map(read_file("/proc/self/uid_map"));
  facts.gid_map = parse_id_map(read_file("/proc/self/gid_map"));
}

std::vector<spec::IdMapping> parse_id_map(std::string_view text) {
  std::vector<spec::IdMapping> mappings;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip = [&](std::string_view blanks) {
    while (at < end && blanks.find(*at) != blanks.npos) ++at;
  };
  const auto require = [&](bool good) {
    if (!good) throw error(Kind::kInvalidArgument, "\"{}\" is no map of ids", text);
  };
  for (skip(" \n"); at < end; skip(" \n")) {
    std::array<std::uint32_t, 3> numbers{};
    for (std::uint32_t& number : numbers) {
      skip(" ");
      const auto parsed = std::from_chars(at, end, number);
      require(parsed.ec == std::errc());
      at = parsed.ptr;
    }
    skip(" ");
    require(at == end || *at == '\n');
    mappings.push_back({.container_id = numbers[0], .host_id = numbers[1], .size = numbers[2]});
  }
  return mappings;
}

bool is_own_id_alone(const std::vector<spec::IdMapping>& map, std::uint32_t id) {
  return map.size() == 1 && map.front().size == 1 && map.front().host_id == id;
}

void check_rights(const spec::Config& config, const plan::HostFacts& facts) {
  check_user_namespace(config, facts);
  if (!config.linux_.net_devices.empty() && !has(facts.own_capabilities, CAP_NET_ADMIN)) {
    throw error(Kind::kDenied, "linux.netDevices: to move a network device takes CAP_NET_ADMIN");
  }
  if (config.process) {
    check_process_rights(*config.process, facts, may_set_groups(config, facts));
  }
}

void check_process_rights(const spec::Process& process, const plan::HostFacts& facts,
                          bool may_set_groups) {
  if (facts.in_user_namespace || !has(facts.own_capabilities, CAP_SYS_RESOURCE)) {
    check_rlimits(process.rlimits);
  }
  if (!process.user.additional_gids.empty() && !may_set_groups) {
    throw error(Kind::kDenied,
                "process.user.additionalGids: setgroups(2) is denied in a user namespace whose map "
                "of groups is the user's own group alone");
  }
}

}  // namespace seatrial::runtime
