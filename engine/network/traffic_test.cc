// What reaches what: real packets between network namespaces.
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using Traffic = InNamespaces;

// Puts an UDP packet for port 6379 on the container's wire, addressed to the gateway's hardware:
// what root of a container can do, whatever its routes say.
void inject(int container, Ipv4 gateway, Ipv4 destination) {
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.tot_len = ::htons(sizeof(iphdr) + sizeof(udphdr) + 4);
  ip.saddr = ::htonl(parse_ipv4("10.1.0.2").value);
  ip.daddr = ::htonl(destination.value);
  std::array<std::uint16_t, sizeof(iphdr) / 2> words{};
  std::memcpy(words.data(), &ip, sizeof ip);
  std::uint32_t sum = std::accumulate(words.begin(), words.end(), std::uint32_t{0});
  sum = (sum & 0xffff) + (sum >> 16);
  ip.check = static_cast<std::uint16_t>(~(sum + (sum >> 16)));
  udphdr udp{};
  udp.source = ::htons(1000);
  udp.dest = ::htons(6379);
  udp.len = ::htons(sizeof udp + 4);
  std::string packet(reinterpret_cast<const char*>(&ip), sizeof ip);
  packet.append(reinterpret_cast<const char*>(&udp), sizeof udp).append("ping");

  sys::Netlink inside = sys::Netlink::route_in(container);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = ::htons(ETH_P_IP);
  to.sll_ifindex = find_link(inside, "eth0")->index;
  to.sll_halen = 6;
  std::ranges::copy(mac_of(gateway), to.sll_addr);
  const UniqueFd socket = sys::socket_in(container, AF_PACKET, SOCK_DGRAM, 0);
  ASSERT_EQ(::sendto(socket.get(), packet.data(), packet.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to),
            static_cast<ssize_t>(packet.size()));
}

TEST_F(Traffic, PublishedPortsAreReachedFromOutsideHostAndLoopback) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    EXPECT_TRUE(world.networks.create(web).enabled_forwarding);
    const UniqueFd container = sys::new_network_namespace();
    for (const int type : {kTcp, kUdp}) {
      const Protocol protocol = type == kTcp ? Protocol::kTcp : Protocol::kUdp;
      const Endpoint endpoint =
          world.attach(web, container.get(), '1', "10.1.0.2",
                       {{.protocol = protocol, .host_port = 8080, .container_port = 80}});
      Path path{.client = world.outside.get(),
                .to_ip = "192.0.2.1",
                .to_port = 8080,
                .server = container.get(),
                .server_port = 80,
                .type = type};
      Sender seen;
      EXPECT_TRUE(arrives(path, &seen)) << type << " from outside";
      EXPECT_EQ(seen.ip, "192.0.2.2") << "the source is kept";
      path.client = world.host.get();
      EXPECT_TRUE(arrives(path)) << type << " from the host to its own address";
      path.to_ip = "127.0.0.1";
      EXPECT_TRUE(arrives(path, &seen)) << type << " from the host's loopback";
      EXPECT_EQ(seen.ip, "10.1.0.1") << "masqueraded, or no reply would come back";
      path.to_port = 8081;
      EXPECT_TRUE(stays_away(path)) << type << ": nobody published 8081";
      path.client = container.get();
      path.to_ip = "192.0.2.1";
      path.to_port = 8080;
      EXPECT_TRUE(arrives(path)) << type << " from the container itself";
      world.networks.detach(endpoint);
    }
  });
}

TEST_F(Traffic, APortOfOneAddressIsNotReachedThroughAnother) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    world.attach(
        web, container.get(), '1', "10.1.0.2",
        {{.host_address = parse_ipv4("127.0.0.1"), .host_port = 8080, .container_port = 80}});
    Path path{.client = world.host.get(),
              .to_ip = "127.0.0.1",
              .to_port = 8080,
              .server = container.get(),
              .server_port = 80};
    EXPECT_TRUE(arrives(path));  // control
    path.client = world.outside.get();
    path.to_ip = "192.0.2.1";
    EXPECT_TRUE(stays_away(path));
  });
}

TEST_F(Traffic, ContainersReachOutsideBehindTheHostsAddress) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    world.attach(web, container.get(), '1', "10.1.0.2");
    for (const int type : {kTcp, kUdp}) {
      Sender seen;
      EXPECT_TRUE(arrives({.client = container.get(),
                           .to_ip = "192.0.2.2",
                           .to_port = 7000,
                           .server = world.outside.get(),
                           .server_port = 7000,
                           .type = type},
                          &seen));
      EXPECT_EQ(seen.ip, "192.0.2.1");
    }
  });
}

TEST_F(Traffic, AClientThatGoesOnSendingReachesTheNextContainer) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd first = sys::new_network_namespace();
    const UniqueFd second = sys::new_network_namespace();
    const std::vector<PublishedPort> port{
        {.protocol = Protocol::kUdp, .host_port = 5000, .container_port = 80}};
    Peer client(world.outside.get(), kUdp);
    const Endpoint endpoint = world.attach(web, first.get(), '1', "10.1.0.2", port);
    Peer old_server(first.get(), kUdp);
    old_server.listen("0.0.0.0", 80);
    client.send_to("192.0.2.1", 5000);
    EXPECT_TRUE(old_server.hears(kArrives));
    world.networks.detach(endpoint);
    world.attach(web, second.get(), '2', "10.1.0.3", port);
    Peer new_server(second.get(), kUdp);
    new_server.listen("0.0.0.0", 80);
    client.send_to("192.0.2.1", 5000);
    EXPECT_TRUE(new_server.hears(kArrives));
  });
}

// Outside knows a route to the containers; what is not published is still not reached.
TEST_F(Traffic, OutsideReachesOnlyWhatIsPublished) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    world.attach(web, container.get(), '1', "10.1.0.2",
                 {{.host_port = 8080, .container_port = 80}});
    sys::Netlink far = sys::Netlink::route_in(world.outside.get());
    add_default_route(far, find_link(far, "eth0")->index, parse_ipv4("192.0.2.1"));
    Path path{.client = world.outside.get(),
              .to_ip = "192.0.2.1",
              .to_port = 8080,
              .server = container.get(),
              .server_port = 80};
    EXPECT_TRUE(arrives(path));  // control
    path.to_ip = "10.1.0.2";
    path.to_port = 80;
    EXPECT_TRUE(stays_away(path));
  });
}

TEST_F(Traffic, NetworksAreIsolatedFromEachOther) {
  in_child([] {
    World world;
    const NetworkSpec red = network_named("red", 'a', "10.1.0.0/24");
    const NetworkSpec blue = network_named("blue", 'b', "10.2.0.0/24");
    world.networks.create(red);
    world.networks.create(blue);
    const UniqueFd first = sys::new_network_namespace();
    const UniqueFd second = sys::new_network_namespace();
    const UniqueFd other = sys::new_network_namespace();
    world.attach(red, first.get(), '1', "10.1.0.2");
    world.attach(red, second.get(), '2', "10.1.0.3", {{.host_port = 8080, .container_port = 80}});
    world.attach(blue, other.get(), '3', "10.2.0.2");
    Path path{.client = first.get(),
              .to_ip = "10.1.0.3",
              .to_port = 80,
              .server = second.get(),
              .server_port = 80};
    EXPECT_TRUE(arrives(path)) << "within the network";
    path.to_ip = "192.0.2.1";
    path.to_port = 8080;
    EXPECT_TRUE(arrives(path)) << "within the network, through the published port";
    path.client = other.get();
    EXPECT_TRUE(stays_away(path)) << "from another network, through the published port";
    path.to_ip = "10.1.0.3";
    path.to_port = 80;
    EXPECT_TRUE(stays_away(path)) << "from another network";
    // A second interface connects them.
    world.networks.attach(red, {.container_id = id_of('3'),
                                .network_namespace = other.get(),
                                .interface = "eth1",
                                .address = parse_ipv4("10.1.0.4"),
                                .default_route = false});
    EXPECT_TRUE(arrives(path)) << "connected";
  });
}

TEST_F(Traffic, AnInternalNetworkHasNoWayOut) {
  in_child([] {
    World world;
    const NetworkSpec inner = network_named("inner", 'a', "10.1.0.0/24", /*internal=*/true);
    EXPECT_FALSE(world.networks.create(inner).enabled_forwarding);
    EXPECT_EQ(read_file("/proc/sys/net/ipv4/ip_forward"), "0\n");
    world.networks.create(network_named("web", 'b', "10.2.0.0/24"));  // which forwards
    const UniqueFd first = sys::new_network_namespace();
    const UniqueFd second = sys::new_network_namespace();
    EXPECT_EQ(world.attach(inner, first.get(), '1', "10.1.0.2").gateway, Ipv4{});
    world.attach(inner, second.get(), '2', "10.1.0.3");
    EXPECT_TRUE(arrives({.client = first.get(),
                         .to_ip = "10.1.0.3",
                         .to_port = 80,
                         .server = second.get(),
                         .server_port = 80}));  // control
    // Not even where the container adds the route that it was not given.
    sys::Netlink inside = sys::Netlink::route_in(first.get());
    add_default_route(inside, find_link(inside, "eth0")->index, parse_ipv4("10.1.0.1"));
    sys::Netlink far = sys::Netlink::route_in(world.outside.get());
    add_default_route(far, find_link(far, "eth0")->index, parse_ipv4("192.0.2.1"));
    EXPECT_TRUE(stays_away({.client = first.get(),
                            .to_ip = "192.0.2.2",
                            .to_port = 7000,
                            .server = world.outside.get(),
                            .server_port = 7000}));
    EXPECT_EQ(error_of([&] {
                world.attach(inner, second.get(), '3', "10.1.0.4",
                             {{.host_port = 8080, .container_port = 80}});
              }),
              "network inner: port 0.0.0.0:8080/tcp cannot be published: the network is internal");
  });
}

// CVE-2020-8558: route_localnet must not open the host's loopback to a container that sends packets
// for 127.0.0.1 to its gateway.
TEST_F(Traffic, TheHostsLoopbackIsNotReachedFromAContainer) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.attach(web, container.get(), '1', "10.1.0.2");
    Peer server(world.host.get(), kUdp);
    server.listen("0.0.0.0", 6379);
    // A frame that nobody answers is sent once: the first ones may come before the bridge's port
    // has noticed that its link is up, and are lost then.
    const auto reaches = [&](const char* address) {
      for (int waited = 0; waited < kArrives; waited += kStaysAway) {
        inject(container.get(), web.gateway, parse_ipv4(address));
        if (server.hears(kStaysAway)) return true;
      }
      return false;
    };
    EXPECT_TRUE(reaches("10.1.0.1")) << "control: the gateway's address is reached";
    while (server.hears(0)) {
    }
    inject(container.get(), web.gateway, parse_ipv4("127.0.0.1"));
    EXPECT_FALSE(server.hears(kStaysAway));
    nft("flush chain ip seatrial guard");
    EXPECT_TRUE(reaches("127.0.0.1")) << "control: without the guard it is";
    world.networks.detach(endpoint);
  });
}

}  // namespace
}  // namespace seatrial::network
