#include "engine/runtime/net_devices.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
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
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/runtime.h"
#include "engine/sys/netlink_request.h"
#include "engine/sys/network_namespace.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

using sys::netlink_attribute;
using sys::NetlinkRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Runs `body` in a network namespace of its own, which is the runtime's then, and in a mount
// namespace: a test that is killed leaves no mount.
void in_child(const std::function<void()>& body) {
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

void do_or_throw(sys::Netlink& route, NetlinkRequest& request) {
  if (const auto refusal = route.send(request.bytes())) throw sys::to_error(*refusal, "set up");
}

void add_pair(sys::Netlink& route, const std::string& name, const std::string& peer) {
  const ifinfomsg header{};
  const std::string head(reinterpret_cast<const char*>(&header), sizeof header);
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  request.put_text(IFLA_IFNAME, name);
  request.put_u32(IFLA_MTU, 1400);
  request.put(
      IFLA_LINKINFO,
      netlink_attribute(IFLA_INFO_KIND, "veth") +
          netlink_attribute(IFLA_INFO_DATA,
                            netlink_attribute(VETH_INFO_PEER,
                                              head + netlink_attribute(IFLA_IFNAME, peer + '\0'))));
  do_or_throw(route, request);
}

struct NewAddress {
  std::string text;
  std::uint8_t prefix = 0;
  std::uint8_t scope = RT_SCOPE_UNIVERSE;
  std::uint32_t lifetime = 0;  // seconds; 0: for ever
};

void add(sys::Netlink& route, const std::string& device, const NewAddress& address) {
  ifaddrmsg header{};
  const bool six = address.text.find(':') != std::string::npos;
  header.ifa_family = six ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = address.prefix;
  header.ifa_scope = address.scope;
  header.ifa_index = static_cast<unsigned>(find_link(route, device)->index);
  std::string bytes(six ? 16 : 4, '\0');
  ASSERT_EQ(::inet_pton(header.ifa_family, address.text.c_str(), bytes.data()), 1);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  request.put(IFA_LOCAL, bytes);
  request.put(IFA_ADDRESS, bytes);
  if (address.lifetime != 0) {
    ifa_cacheinfo cache{};
    cache.ifa_prefered = cache.ifa_valid = address.lifetime;
    request.put(IFA_CACHEINFO, {reinterpret_cast<const char*>(&cache), sizeof cache});
  }
  do_or_throw(route, request);
}

std::vector<std::string> names(sys::Netlink& route) {
  std::vector<std::string> found;
  for (const Link& link : links_of(route)) found.push_back(link.name);
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> addresses(sys::Netlink& route, const std::string& device) {
  std::vector<std::string> found;
  const auto link = find_link(route, device);
  if (!link) return {"no device " + device};
  for (const LinkAddress& each : lasting_addresses(route, link->index)) {
    found.push_back(to_string(each));
  }
  std::ranges::sort(found);
  return found;
}

bool is_up(sys::Netlink& route, const std::string& device) {
  const auto link = find_link(route, device);
  return link && (link->flags & IFF_UP) != 0;
}

spec::Config moving(std::map<std::string, std::string> devices, const std::string& path = {}) {
  spec::Config config;
  config.linux_.namespaces = {{.type = spec::NamespaceType::kNetwork, .path = path}};
  config.linux_.net_devices = std::move(devices);
  return config;
}

std::string failure_of(const std::function<void()>& action) {
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

// As the kernel makes them.
UniqueFd namespace_with_ipv6() {
  UniqueFd fresh;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) fresh = sys::own_network_namespace();
  }).join();
  return fresh;
}

TEST(NetDevices, MoveWithTheirLastingAddressesAndAreUp) {
  in_child([] {
    World world;
    add(world.here, "cable", {"192.0.2.7", 24});
    add(world.here, "cable", {"192.0.2.8", 24});
    add(world.here, "cable", {"10.1.1.1", 32, RT_SCOPE_LINK});
    add(world.here, "cable", {"198.51.100.9", 24, RT_SCOPE_UNIVERSE, 300});
    NetDevices devices(moving({{"cable", "eth0"}}));
    devices.move_into(world.copy());
    EXPECT_THAT(names(world.there), ElementsAre("eth0", "lo"));
    EXPECT_THAT(names(world.here), ElementsAre("lo", "quay"));
    EXPECT_TRUE(is_up(world.there, "eth0"));
    EXPECT_THAT(addresses(world.there, "eth0"), ElementsAre("192.0.2.7/24", "192.0.2.8/24"));
  });
}

TEST(NetDevices, KeepTheirAddressesOfIpv6) {
  in_child([] {
    if (::access("/proc/self/net/if_inet6", F_OK) != 0) GTEST_SKIP() << "this kernel has no IPv6";
    World world;
    add(world.here, "cable", {"2001:db8::7", 64});
    NetDevices devices(moving({{"cable", "eth0"}}));
    // What the engine makes has IPv6 turned off, and then the address cannot be kept.
    EXPECT_THAT(failure_of([&] { devices.move_into(world.copy()); }),
                testing::StartsWith("linux.netDevices.cable: give it its address 2001:db8::7/64 "));
    devices.move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("2001:db8::7/64"));
    const UniqueFd plain = namespace_with_ipv6();
    NetDevices again(moving({{"cable", "eth0"}}));
    again.move_into(UniqueFd(::dup(plain.get())));
    sys::Netlink inside = sys::Netlink::route_in(plain.get());
    EXPECT_THAT(addresses(inside, "eth0"), ElementsAre("2001:db8::7/64"));
  });
}

TEST(NetDevices, ComeBackAsTheyWere) {
  in_child([] {
    World world;
    add(world.here, "cable", {"192.0.2.7", 24});
    set_link_up(world.here, find_link(world.here, "cable")->index);
    NetDevices devices(moving({{"cable", "eth0"}, {"quay", "quay"}}));
    devices.move_into(world.copy());
    EXPECT_THAT(names(world.here), ElementsAre("lo"));
    devices.move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.there), ElementsAre("lo"));
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_TRUE(is_up(world.here, "cable"));
    EXPECT_FALSE(is_up(world.here, "quay"));
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
  });
}

TEST(NetDevices, OfATemplateGetAFreeNumber) {
  in_child([] {
    World world;
    add_pair(world.there, "eth0", "eth2");
    NetDevices devices(moving({{"cable", "eth%d"}, {"quay", "eth%d"}}, world.path()));
    devices.move_into(world.copy());
    EXPECT_THAT(names(world.there), ElementsAre("eth0", "eth1", "eth2", "eth3", "lo"));
    EXPECT_TRUE(is_up(world.there, "eth1"));
    EXPECT_TRUE(is_up(world.there, "eth3"));
    devices.move_back(world.warn());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_THAT(names(world.there), ElementsAre("eth0", "eth2", "lo"));
  });
}

// A device that is called so before it moves does not stand in the way of its new name.
TEST(NetDevices, MayChangeNames) {
  in_child([] {
    World world;
    add_pair(world.there, "cable", "other");
    NetDevices devices(moving({{"cable", "quay"}, {"quay", "eth0"}}, world.path()));
    devices.move_into(world.copy());
    EXPECT_THAT(names(world.there), ElementsAre("cable", "eth0", "lo", "other", "quay"));
    devices.move_back(world.warn());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
  });
}

TEST(NetDevices, AreLookedAtBeforeAnythingMoves) {
  in_child([] {
    World world;
    add_pair(world.there, "eth0", "eth1");
    const auto refusal = [](const spec::Config& config) {
      return failure_of([&] { NetDevices devices(config); });
    };
    EXPECT_EQ(refusal(moving({{"cable", "x"}})), "(it did not fail)");
    EXPECT_EQ(refusal(moving({{"ghost", "x"}})),
              "linux.netDevices.ghost: the runtime's network namespace has no such device");
    EXPECT_THAT(refusal(moving({{"lo", "x"}})), HasSubstr("lo: the loopback device cannot leave"));
    EXPECT_EQ(
        refusal(moving({{"cable", "eth0"}}, world.path())),
        "linux.netDevices.cable: the container's network namespace has a device eth0 already");
    EXPECT_EQ(refusal(moving({{"cable", "x"}}, "/proc/self/ns/net")),
              "linux.netDevices: /proc/self/ns/net is the runtime's own network namespace");
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
  });
}

// Should somebody take the name between the look and the move, what has moved comes back.
TEST(NetDevices, ComeBackWhereANameIsTakenMeanwhile) {
  in_child([] {
    World world;
    NetDevices devices(moving({{"cable", "eth0"}, {"quay", "eth1"}}, world.path()));
    add_pair(world.there, "eth1", "eth2");
    EXPECT_EQ(failure_of([&] { devices.move_into(world.copy()); }),
              "linux.netDevices.quay: the container's network namespace has a device eth1 already");
    devices.move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_THAT(names(world.there), ElementsAre("eth1", "eth2", "lo"));
  });
}

// A bundle with this script for a createRuntime hook: the device has moved by then.
class NetDevicesOfACreate : public testing::Test {
 protected:
  void write_bundle(const std::string& script) const {
    std::filesystem::create_directories(dir_.path() / "rootfs");
    write_file_atomically(dir_.path() / "config.json", fmt::format(R"({{
      "ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
      "process": {{"cwd": "/", "args": ["/none"]}},
      "mounts": [{{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}}],
      "hooks": {{"createRuntime": [{{"path": "/bin/sh", "args": ["sh", "-c", "{}"]}}]}},
      "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}, {{"type": "network"}}],
                 "netDevices": {{"cable": {{"name": "eth0"}}}}}}}})",
                                                                   script));
  }

  const std::string id_ = fmt::format("net-devices-{}", ::getpid());
  TempDir dir_{std::filesystem::temp_directory_path()};
};

// That namespace ends at once.
TEST_F(NetDevicesOfACreate, ComeBackWhenItFails) {
  write_bundle("exit 7");
  in_child([&] {
    World world;
    add(world.here, "cable", {"192.0.2.7", 24});
    Runtime runtime(dir_.path() / "state");
    runtime.on_warning(world.warn());
    EXPECT_THAT(failure_of([&] { runtime.create({.id = id_, .bundle = dir_.path()}); }),
                HasSubstr("createRuntime"));
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
  });
}

// They are of no hardware, and would end with the namespace.
TEST_F(NetDevicesOfACreate, ComeBackWhenTheRuntimeIsKilled) {
  write_bundle("kill -9 $PPID");
  for (const bool by_force : {false, true}) {
    in_child([&] {
      World world;
      add(world.here, "cable", {"192.0.2.7", 24});
      set_link_up(world.here, find_link(world.here, "cable")->index);
      const std::string end = sys::in_child([&] {
        Runtime killed(dir_.path() / "state");
        return failure_of([&] { killed.create({.id = id_, .bundle = dir_.path()}); });
      });
      EXPECT_EQ(end, "died");
      EXPECT_THAT(names(world.here), ElementsAre("lo", "quay"));  // control: it had moved
      Runtime runtime(dir_.path() / "state");
      runtime.on_warning(world.warn());
      if (by_force) {
        runtime.remove(id_, true);
      } else {
        EXPECT_THAT(runtime.recover(), ElementsAre(id_));
      }
      EXPECT_THAT(world.warnings, IsEmpty());
      EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
      EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
      EXPECT_TRUE(is_up(world.here, "cable"));
      EXPECT_THAT(runtime.list(), IsEmpty());
      EXPECT_THAT(read_file("/proc/self/mountinfo"), testing::Not(HasSubstr(id_)));
    });
  }
}

}  // namespace
}  // namespace seatrial::runtime
