#include "engine/runtime/net_devices.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

#include "engine/runtime/net_devices_fixture.h"

namespace seatrial::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

}  // namespace
}  // namespace seatrial::runtime
