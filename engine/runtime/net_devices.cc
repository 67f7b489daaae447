#include "engine/runtime/net_devices.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ranges>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::runtime {
namespace {

constexpr const char* kField = "linux.netDevices";

std::string path_of(const std::string& name) {
  return fmt::format("{}.{}", kField, name);
}

bool is_template(const std::string& wanted) {
  return wanted.ends_with("%d");
}

bool is_called(const Link& link, const std::string& wanted) {
  if (!is_template(wanted)) return link.name == wanted;
  const std::size_t fixed = wanted.size() - 2;
  return link.name.size() > fixed && link.name.starts_with(wanted.substr(0, fixed)) &&
         link.name.find_first_not_of("0123456789", fixed) == std::string::npos;
}

void refuse_taken(const std::vector<Link>& there, const std::string& wanted) {
  if (is_template(wanted)) return;
  if (std::ranges::none_of(there, [&](const Link& link) { return link.name == wanted; })) return;
  throw error(Kind::kConflict, "the container's network namespace has a device {} already", wanted);
}

bool are_same(int first, int second) {
  struct stat one{};
  struct stat other{};
  if (::fstat(first, &one) != 0 || ::fstat(second, &other) != 0) return false;
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

std::uint64_t inode_of(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw sys_error(errno, "stat a network namespace");
  return status.st_ino;
}

// The device that has come: it keeps its number where that is free, and its old name where the
// kernel moved but did not rename it.
std::optional<Link> arrival(sys::Netlink& inside, const std::set<int>& before,
                            const std::string& wanted, const Link& was) {
  std::optional<Link> found;
  for (Link& link : links_of(inside)) {
    if (before.contains(link.index)) continue;
    if (link.index == was.index) return std::move(link);
    const bool is_named = is_called(link, wanted);
    if (is_named || (!found && link.name == was.name)) found = std::move(link);
  }
  return found;
}

// Asks for CAP_NET_ADMIN over the namespace, as moving a device out of it does.
UniqueFd own_namespace() {
  return with_context(kField, [] { return sys::own_network_namespace(); });
}

}  // namespace

NetDevices::NetDevices(const spec::Config& config)
    : here_namespace_(own_namespace()), here_(sys::Netlink::route()) {
  check_devices(config.linux_);
  const spec::Namespace* target = config.find_namespace(spec::NamespaceType::kNetwork);
  if (target != nullptr && !target->path.empty()) check_target(target->path);
}

NetDevices::NetDevices(const LentDevices& lent, UniqueFd network_namespace)
    : here_namespace_(own_namespace()),
      there_namespace_(std::move(network_namespace)),
      here_(sys::Netlink::route()) {
  if (inode_of(here_namespace_.get()) != lent.home) {
    std::vector<std::string> names;
    for (const LentDevice& each : lent.devices) names.push_back(each.name);
    throw error(Kind::kConflict,
                "{}: {} cannot go home to another network namespace than this process's", kField,
                fmt::join(names, ", "));
  }
  for (const LentDevice& each : lent.devices) {
    devices_.push_back({.link = {.index = each.index,
                                 .flags = each.flags,
                                 .master = each.master,
                                 .name = each.name},
                        .wanted = each.wanted,
                        .there_before = {lent.there_before.begin(), lent.there_before.end()},
                        .addresses = {},
                        .moved = true});
  }
}

bool NetDevices::are_at_home(const LentDevices& lent) {
  return inode_of(own_namespace().get()) == lent.home;
}

LentDevices NetDevices::lend_to(int network_namespace) const {
  LentDevices lent{.devices = {}, .there_before = {}, .home = inode_of(here_namespace_.get())};
  for (const Device& device : devices_) {
    lent.devices.push_back({.name = device.link.name,
                            .wanted = device.wanted,
                            .index = device.link.index,
                            .flags = device.link.flags,
                            .master = device.link.master});
  }
  sys::Netlink inside = sys::Netlink::route_in(network_namespace);
  for (const Link& link : links_of(inside)) lent.there_before.push_back(link.index);
  return lent;
}

void NetDevices::check_devices(const spec::Linux& section) {
  for (const auto& [name, wanted] : section.net_devices) {
    const std::optional<Link> link = find_link(here_, name);
    if (!link || link->name != name) {  // the kernel finds devices by their other names too
      throw error(Kind::kNotFound, "{}: the runtime's network namespace has no such device",
                  path_of(name));
    }
    if ((link->flags & IFF_LOOPBACK) != 0) {
      throw error(Kind::kInvalidArgument,
                  "{}: the loopback device cannot leave its network namespace", path_of(name));
    }
    devices_.push_back({.link = *link, .wanted = wanted});
  }
}

void NetDevices::check_target(const std::string& path) {
  const UniqueFd target = open_file(path, O_RDONLY);
  if (are_same(target.get(), here_namespace_.get())) {
    throw error(Kind::kInvalidArgument, "{}: {} is the runtime's own network namespace", kField,
                path);
  }
  sys::Netlink inside = with_context(fmt::format("{}: {}", kField, path),
                                     [&] { return sys::Netlink::route_in(target.get()); });
  const std::vector<Link> there = links_of(inside);
  for (const Device& device : devices_) {
    with_context(path_of(device.link.name), [&] { refuse_taken(there, device.wanted); });
  }
}

void NetDevices::move_into(UniqueFd network_namespace) {
  there_namespace_ = std::move(network_namespace);
  sys::Netlink inside = sys::Netlink::route_in(there_namespace_.get());
  for (Device& device : devices_) {
    with_context(path_of(device.link.name), [&] { move(device, inside); });
  }
}

void NetDevices::move(Device& device, sys::Netlink& inside) {
  const std::vector<Link> before = links_of(inside);
  refuse_taken(before, device.wanted);
  for (const Link& link : before) device.there_before.insert(link.index);
  device.addresses = lasting_addresses(here_, device.link.index);
  device.moved = true;
  move_link(here_, device.link.index, there_namespace_.get(), device.wanted);
  const auto link = arrival(inside, device.there_before, device.wanted, device.link);
  if (!link) throw error(Kind::kUnavailable, "it is gone after the move");
  for (const LinkAddress& address : device.addresses) add_address(inside, link->index, address);
  set_link_up(inside, link->index);
}

void NetDevices::move_back(const std::function<void(std::string_view)>& warn) noexcept {
  for (const Device& device : devices_ | std::views::reverse) {
    if (!device.moved) continue;
    try {
      sys::Netlink inside = sys::Netlink::route_in(there_namespace_.get());
      move_back(device, inside);
    } catch (const Error& failure) {
      warn(fmt::format("{} is not brought back: {}", path_of(device.link.name), failure.what()));
    }
  }
}

void NetDevices::move_back(const Device& device, sys::Netlink& inside) {
  const Link& was = device.link;
  if (const auto still = find_link(here_, was.name); still && still->index == was.index) return;
  const auto link = arrival(inside, device.there_before, device.wanted, was);
  if (!link && find_link(here_, was.name)) return;  // brought back already, under another number
  if (!link) throw error(Kind::kNotFound, "the container's network namespace has it no more");
  // Of a create that was killed: as far as it had come.
  const auto addresses =
      device.addresses.empty() ? lasting_addresses(inside, link->index) : device.addresses;
  move_link(inside, link->index, here_namespace_.get(), was.name);
  const auto back = find_link(here_, was.name);
  if (!back) throw error(Kind::kUnavailable, "it is gone after the move");
  for (const LinkAddress& address : addresses) add_address(here_, back->index, address);
  if (was.master != 0) set_link_master(here_, back->index, was.master);
  if ((was.flags & IFF_UP) != 0) set_link_up(here_, back->index);
}

}  // namespace seatrial::runtime
