// Networks and endpoints made, refused and taken back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using NetworksTest = InNamespaces;

std::vector<Link> ports(sys::Netlink& route, const NetworkSpec& network) {
  const auto bridge = find_link(route, network.bridge_name);
  return bridge ? ports_of(route, bridge->index) : std::vector<Link>();
}

TEST_F(NetworksTest, DetachAndRemoveLeaveNothing) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    const NetworkSpec other = network_named("other", 'b', "10.2.0.0/24", /*internal=*/true);
    world.networks.create(web);
    world.networks.create(other);
    const UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.attach(web, container.get(), '1', "10.1.0.2",
                                           {{.host_port = 8080, .container_port = 80},
                                            {.protocol = Protocol::kUdp,
                                             .host_address = parse_ipv4("127.0.0.1"),
                                             .host_port = 53,
                                             .container_port = 5353}});
    EXPECT_THAT(ruleset(), HasSubstr("tcp . 8080 comment \"" + id_of('1') +
                                     " aaaaaaaaaaaa\" : "
                                     "10.1.0.2 . 80"));
    EXPECT_THAT(ruleset(), HasSubstr("udp . 127.0.0.1 . 53 comment"));
    ASSERT_THAT(ports(route, web), SizeIs(1));
    EXPECT_EQ(ports(route, web)[0].name, endpoint.host_link);
    EXPECT_EQ(ports(route, web)[0].alias, "seatrial:" + id_of('1'));
    EXPECT_EQ(error_of([&] { world.networks.remove(web); }),
              "network web: container " + id_of('1') + " is still attached");

    world.networks.detach(endpoint);
    world.networks.detach(endpoint);  // again is fine
    EXPECT_THAT(ports(route, web), IsEmpty());
    EXPECT_THAT(ruleset(), Not(HasSubstr("8080")));
    EXPECT_THAT(ruleset(), Not(HasSubstr("127.0.0.1 . 53")));
    sys::Netlink inside = sys::Netlink::route_in(container.get());
    EXPECT_FALSE(find_link(inside, "eth0"));

    world.networks.remove(web);
    EXPECT_THAT(ruleset(), Not(HasSubstr(web.bridge_name)));
    EXPECT_THAT(ruleset(), HasSubstr(other.bridge_name));
    world.networks.remove(other);
    world.networks.remove(other);
    EXPECT_EQ(ruleset(), "");
    EXPECT_FALSE(world.networks.exists(web));
    EXPECT_FALSE(world.networks.exists(other));
  });
}

TEST_F(NetworksTest, TheContainersInterfaceIsConfigured) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.networks.attach(web, {.container_id = id_of('1'),
                                                          .network_namespace = container.get(),
                                                          .interface = "net7",
                                                          .address = parse_ipv4("10.1.0.9"),
                                                          .mac = parse_mac("02:00:00:00:00:99")});
    EXPECT_EQ(to_string(endpoint.mac), "02:00:00:00:00:99");
    EXPECT_EQ(to_string(endpoint.gateway), "10.1.0.1");
    sys::Netlink inside = sys::Netlink::route_in(container.get());
    std::vector<std::string> destinations;
    for (const Route& each : routes(inside)) destinations.push_back(to_string(each.destination));
    EXPECT_THAT(destinations, testing::UnorderedElementsAre("0.0.0.0/0", "10.1.0.0/24"));
    EXPECT_TRUE(find_link(inside, "net7"));
    EXPECT_THAT(error_of([&] { world.attach(web, container.get(), '2', "10.9.0.9"); }),
                "network web: address 10.9.0.9 is not in subnet 10.1.0.0/24");
  });
}

TEST_F(NetworksTest, OverlappingSubnetsAndDoublesAreRefusedBeforeAnythingIsMade) {
  in_child([] {
    World world;
    NetworkSpec uplink = network_named("uplink", 'a', "192.0.0.0/16");
    EXPECT_EQ(error_of([&] { world.networks.create(uplink); }),
              "network uplink: subnet 192.0.0.0/16 overlaps 192.0.2.0/24, to which this host has a "
              "route");
    EXPECT_FALSE(world.networks.exists(uplink));
    EXPECT_EQ(ruleset(), "");
    const NetworkSpec web = network_named("web", 'b', "10.1.0.0/24");
    world.networks.create(web);
    EXPECT_EQ(error_of([&] { world.networks.create(web); }),
              "network web: bridge st-bbbbbbbbbbbb exists already");
    EXPECT_THAT(world.networks.routed_subnets(), testing::Contains(web.subnet));
    NetworkSpec strange = network_named("strange", 'c', "10.3.0.0/24");
    strange.driver = "macvlan";
    EXPECT_EQ(error_of([&] { world.networks.create(strange); }),
              "network strange: driver macvlan is not known; bridge is");
  });
}

TEST_F(NetworksTest, ARangeGivesAPortThatIsFree) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const PublishedPort range{.host_port = 8000, .container_port = 80, .host_port_last = 8002};
    Peer server(world.host.get(), kTcp);
    server.listen("0.0.0.0", 8001);
    std::vector<UniqueFd> containers;
    const auto next = [&](char id, const std::string& ip) {
      containers.push_back(sys::new_network_namespace());
      return world.attach(web, containers.back().get(), id, ip, {range}).ports.at(0);
    };
    EXPECT_EQ(next('1', "10.1.0.2").host_port, 8000);
    const PublishedPort second = next('2', "10.1.0.3");
    EXPECT_EQ(second.host_port, 8002);
    EXPECT_EQ(second.host_port_last, 0);
    EXPECT_EQ(error_of([&] { next('3', "10.1.0.4"); }),
              "network web: no port of 8000-8002 is free on 0.0.0.0");
  });
}

TEST_F(NetworksTest, PortsThatSomebodyHasAreRefusedBeforeAnythingIsMade) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    const UniqueFd second = sys::new_network_namespace();
    const PublishedPort port{
        .host_address = parse_ipv4("127.0.0.1"), .host_port = 8080, .container_port = 80};
    world.attach(web, container.get(), '1', "10.1.0.2", {port});
    EXPECT_EQ(
        error_of([&] { world.attach(web, second.get(), '2', "10.1.0.3", {port}); }),
        "network web: port 127.0.0.1:8080/tcp is already published by container " + id_of('1'));
    PublishedPort any = port;
    any.host_address = {};
    EXPECT_EQ(error_of([&] { world.attach(web, second.get(), '2', "10.1.0.3", {any}); }),
              "network web: port 0.0.0.0:8080/tcp is already published by container " + id_of('1'));
    for (const int type : {kTcp, kUdp}) {
      Peer server(world.host.get(), type);
      server.listen("0.0.0.0", 9000);
      any.protocol = type == kTcp ? Protocol::kTcp : Protocol::kUdp;
      any.host_port = 9000;
      EXPECT_EQ(error_of([&] { world.attach(web, second.get(), '2', "10.1.0.3", {any}); }),
                "network web: port 0.0.0.0:9000/" + std::string(type == kTcp ? "tcp" : "udp") +
                    " is in use by a process of this host");
    }
    any.host_address = parse_ipv4("203.0.113.1");
    EXPECT_EQ(error_of([&] { world.attach(web, second.get(), '2', "10.1.0.3", {any}); }),
              "network web: port 203.0.113.1:9000/udp: this host has no such address");
    EXPECT_THAT(ports(route, web), SizeIs(1));
    any.host_address = {};
    EXPECT_NO_THROW(world.attach(web, second.get(), '2', "10.1.0.3", {any}));  // control
  });
}

TEST_F(NetworksTest, APortOfZeroBecomesAFreeOne) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.attach(web, container.get(), '1', "10.1.0.2",
                                           {{.container_port = 80}, {.container_port = 81}});
    ASSERT_THAT(endpoint.ports, SizeIs(2));
    EXPECT_NE(endpoint.ports[0].host_port, 0);
    EXPECT_NE(endpoint.ports[0].host_port, endpoint.ports[1].host_port);
    EXPECT_TRUE(arrives({.client = world.outside.get(),
                         .to_ip = "192.0.2.1",
                         .to_port = endpoint.ports[1].host_port,
                         .server = container.get(),
                         .server_port = 81}));
  });
}

TEST_F(NetworksTest, AThousandPortsAreOneTransaction) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    std::vector<PublishedPort> many;
    for (std::uint16_t port = 20000; port < 21000; ++port) {
      many.push_back({.host_port = port, .container_port = port});
    }
    const Endpoint endpoint = world.attach(web, container.get(), '1', "10.1.0.2", many);
    Firewall firewall;
    std::vector<Publication> listed;
    for (int tries = 0; listed.size() < 1000 && tries < 1000; ++tries) {
      listed = firewall.publications();  // not whole while the kernel grows the map
    }
    EXPECT_THAT(listed, SizeIs(1000));
    world.networks.detach(endpoint);
    EXPECT_THAT(firewall.publications(), IsEmpty());
  });
}

// What fails late takes back what was made early: here the interface's name is taken.
TEST_F(NetworksTest, AFailedAttachLeavesNothing) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    const NetworkSpec other = network_named("other", 'b', "10.2.0.0/24");
    world.networks.create(web);
    world.networks.create(other);
    const UniqueFd container = sys::new_network_namespace();
    world.attach(web, container.get(), '1', "10.1.0.2");
    // The interface is new, the default route is not.
    EXPECT_THAT(error_of([&] {
                  world.networks.attach(other, {.container_id = id_of('1'),
                                                .network_namespace = container.get(),
                                                .interface = "eth1",
                                                .address = parse_ipv4("10.2.0.2"),
                                                .ports = {{.host_port = 1, .container_port = 1}}});
                }),
                HasSubstr("network other: add a default route through 10.2.0.1: EEXIST"));
    EXPECT_THAT(ports(route, other), IsEmpty());
    EXPECT_THAT(Firewall().publications(), IsEmpty());
    sys::Netlink inside = sys::Netlink::route_in(container.get());
    EXPECT_FALSE(find_link(inside, "eth1"));
    EXPECT_TRUE(find_link(inside, "eth0"));
  });
}

// The namespace is kept here, so that the link is certainly still there.
TEST_F(NetworksTest, ALinkLeftToItsNamespaceIsInNobodysWay) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    UniqueFd container = sys::new_network_namespace();
    const std::vector<PublishedPort> port{{.host_port = 8080, .container_port = 80}};
    const Endpoint first = world.attach(web, container.get(), '1', "10.1.0.2", port);
    world.networks.detach(first, HostLink::kEndsWithNamespace);
    EXPECT_THAT(Firewall().publications(), IsEmpty());
    const UniqueFd again = sys::new_network_namespace();
    const Endpoint second = world.attach(web, again.get(), '1', "10.1.0.2", port);
    EXPECT_EQ(first.host_link, second.host_link);
    EXPECT_TRUE(arrives({.client = world.host.get(),
                         .to_ip = "127.0.0.1",
                         .to_port = 8080,
                         .server = again.get(),
                         .server_port = 80}));
    world.networks.detach(second, HostLink::kEndsWithNamespace);
    world.networks.remove(web);
    EXPECT_FALSE(world.networks.exists(web));
    sys::Netlink inside = sys::Netlink::route_in(again.get());
    EXPECT_FALSE(find_link(inside, "eth0"));
  });
}

TEST_F(NetworksTest, AContainersEndTakesItsLinkAlongAndDetachStillCleans) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.attach(web, container.get(), '1', "10.1.0.2",
                                           {{.host_port = 8080, .container_port = 80}});
    container.reset();
    world.networks.detach(endpoint);
    EXPECT_THAT(Firewall().publications(), IsEmpty());
    world.networks.remove(web);
    EXPECT_EQ(ruleset(), "");
  });
}

}  // namespace
}  // namespace seatrial::network
