// For tests of network devices: a network namespace that is the runtime's, a pair of devices in it,
// and a second namespace to move them to.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/runtime/links.h"
#include "engine/spec/config.h"
#include "engine/sys/netlink_request.h"
#include "engine/sys/network_namespace.h"

namespace seatrial::runtime {

// Runs `body` in a network namespace of its own, which is the runtime's then, and in a mount
// namespace: a test that is killed leaves no mount.
inline void in_child(const std::function<void()>& body) {
  if (::geteuid() != 0) GTEST_SKIP() << "network namespaces are made by root here";
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) {
      ::_exit(77);
    }
    try {
      body();
    } catch (const std::exception& failure) {
      ADD_FAILURE() << failure.what();
    }
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "failed in the child process, see above";
}

inline void do_or_throw(sys::Netlink& route, sys::NetlinkRequest& request) {
  if (const auto refusal = route.send(request.bytes())) throw sys::to_error(*refusal, "set up");
}

// `index`: of the first, where it is not left to the kernel.
inline void add_pair(sys::Netlink& route, const std::string& name, const std::string& peer,
                     int index = 0) {
  ifinfomsg header{};
  const std::string head(reinterpret_cast<const char*>(&header), sizeof header);
  header.ifi_index = index;
  sys::NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  request.put_text(IFLA_IFNAME, name);
  request.put_u32(IFLA_MTU, 1400);
  request.put(IFLA_LINKINFO,
              sys::netlink_attribute(IFLA_INFO_KIND, "veth") +
                  sys::netlink_attribute(
                      IFLA_INFO_DATA, sys::netlink_attribute(
                                          VETH_INFO_PEER, head + sys::netlink_attribute(
                                                                     IFLA_IFNAME, peer + '\0'))));
  do_or_throw(route, request);
}

struct NewAddress {
  std::string text;
  std::uint8_t prefix = 0;
  std::uint8_t scope = RT_SCOPE_UNIVERSE;
  std::uint32_t lifetime = 0;  // seconds; 0: for ever
};

inline void add(sys::Netlink& route, const std::string& device, const NewAddress& address) {
  ifaddrmsg header{};
  const bool six = address.text.find(':') != std::string::npos;
  header.ifa_family = six ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = address.prefix;
  header.ifa_scope = address.scope;
  header.ifa_index = static_cast<unsigned>(find_link(route, device)->index);
  std::string bytes(six ? 16 : 4, '\0');
  ASSERT_EQ(::inet_pton(header.ifa_family, address.text.c_str(), bytes.data()), 1);
  sys::NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  request.put(IFA_LOCAL, bytes);
  request.put(IFA_ADDRESS, bytes);
  if (address.lifetime != 0) {
    ifa_cacheinfo cache{};
    cache.ifa_prefered = cache.ifa_valid = address.lifetime;
    request.put(IFA_CACHEINFO, {reinterpret_cast<const char*>(&cache), sizeof cache});
  }
  do_or_throw(route, request);
}

inline std::vector<std::string> names(sys::Netlink& route) {
  std::vector<std::string> found;
  for (const Link& link : links_of(route)) found.push_back(link.name);
  std::ranges::sort(found);
  return found;
}

inline std::vector<std::string> addresses(sys::Netlink& route, const std::string& device) {
  std::vector<std::string> found;
  const auto link = find_link(route, device);
  if (!link) return {"no device " + device};
  for (const LinkAddress& each : lasting_addresses(route, link->index)) {
    found.push_back(to_string(each));
  }
  std::ranges::sort(found);
  return found;
}

inline bool is_up(sys::Netlink& route, const std::string& device) {
  const auto link = find_link(route, device);
  return link && (link->flags & IFF_UP) != 0;
}

inline int index_of(sys::Netlink& route, const std::string& name) {
  const auto link = find_link(route, name);
  return link ? link->index : 0;
}

inline spec::Config moving(std::map<std::string, std::string> devices,
                           const std::string& path = {}) {
  spec::Config config;
  config.linux_.namespaces = {{.type = spec::NamespaceType::kNetwork, .path = path}};
  config.linux_.net_devices = std::move(devices);
  return config;
}

inline std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it did not fail)";
}

// A place to move to, and the messages' ways to here and there.
struct World {
  World() { add_pair(here, "cable", "quay"); }

  std::string path() const { return fmt::format("/proc/self/fd/{}", target.get()); }
  UniqueFd copy() const { return UniqueFd(::dup(target.get())); }
  auto warn() {
    return [this](std::string_view text) { warnings.emplace_back(text); };
  }

  UniqueFd target = sys::new_network_namespace();
  sys::Netlink here = sys::Netlink::route();
  sys::Netlink there = sys::Netlink::route_in(target.get());
  std::vector<std::string> warnings;
};

}  // namespace seatrial::runtime
