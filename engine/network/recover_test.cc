// What a killed process leaves, and that recover() finds it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Recover = InNamespaces;

// Attaches and detaches container 2 over and over, in a process of its own; returns when it has
// done so once, however long a busy machine took to begin.
pid_t start_load(const NetworkSpec& web, int container) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  const UniqueFd begun(ends[0]);
  UniqueFd begins(ends[1]);
  const pid_t child = ::fork();
  if (child != 0) {
    begins.reset();
    char byte = 0;
    EXPECT_EQ(::read(begun.get(), &byte, 1), 1);
    return child;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Networks networks;
  for (bool told = false;; told = true) {
    const Endpoint endpoint =
        networks.attach(web, {.container_id = id_of('2'),
                              .network_namespace = container,
                              .address = parse_ipv4("10.1.0.3"),
                              .ports = {{.host_port = 9090, .container_port = 80}}});
    networks.detach(endpoint);
    if (!told && ::write(begins.get(), "", 1) != 1) ::_exit(1);
  }
}

TEST_F(Recover, RemovesWhatAKilledProcessLeftAndNothingElse) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const std::vector<NetworkSpec> networks{network_named("web", 'a', "10.1.0.0/24")};
    const NetworkSpec& web = networks[0];
    world.networks.create(web);
    const int bridge = find_link(route, web.bridge_name)->index;
    const UniqueFd container = sys::new_network_namespace();
    const UniqueFd victim = sys::new_network_namespace();
    const Endpoint kept = world.attach(web, container.get(), '1', "10.1.0.2",
                                       {{.host_port = 8080, .container_port = 80}});
    int left = 0;
    for (int round = 0; round < 60; ++round) {
      const pid_t load = start_load(web, victim.get());
      std::this_thread::sleep_for(std::chrono::microseconds(round * 137));
      ::kill(load, SIGKILL);
      ::waitpid(load, nullptr, 0);
      const std::vector<std::string> alive{id_of('1')};
      const Recovered recovered = world.networks.recover(networks, alive);
      left += static_cast<int>(recovered.links.size() + recovered.ports.size());
      const std::vector<Link> ports = ports_of(route, bridge);
      ASSERT_THAT(ports, SizeIs(1)) << "round " << round;
      EXPECT_EQ(ports[0].name, kept.host_link);
      ASSERT_THAT(Firewall().publications(), SizeIs(1)) << "round " << round;
      sys::Netlink inside = sys::Netlink::route_in(victim.get());
      EXPECT_FALSE(find_link(inside, "eth0"));
    }
    EXPECT_GT(left, 0) << "no kill met anything: the test tests nothing";
    EXPECT_TRUE(arrives({.client = world.host.get(),
                         .to_ip = "127.0.0.1",
                         .to_port = 8080,
                         .server = container.get(),
                         .server_port = 80}));
  });
}

// A process may be killed between the creation of the link and its alias.
TEST_F(Recover, NeedsNoAlias) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const std::vector<NetworkSpec> networks{network_named("web", 'a', "10.1.0.0/24")};
    world.networks.create(networks[0]);
    const UniqueFd container = sys::new_network_namespace();
    const Endpoint endpoint = world.attach(networks[0], container.get(), '1', "10.1.0.2");
    set_alias(route, find_link(route, endpoint.host_link)->index, "");
    const std::vector<std::string> alive{id_of('1')};
    EXPECT_THAT(world.networks.recover(networks, alive).links, IsEmpty());
    EXPECT_THAT(world.networks.recover(networks, {}).links, ElementsAre(endpoint.host_link));
  });
}

TEST_F(Recover, AHalfMadeNetworkIsRemoved) {
  in_child([] {
    World world;
    sys::Netlink route = sys::Netlink::route();
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    create_bridge(route, {.name = web.bridge_name, .mac = mac_of(web.gateway)});
    world.networks.remove(web);
    EXPECT_FALSE(world.networks.exists(web));
    world.networks.create(web);
    delete_link(route, web.bridge_name);  // its rules alone
    EXPECT_THAT(ruleset(), HasSubstr(web.bridge_name));
    world.networks.remove(web);
    EXPECT_EQ(ruleset(), "");
    world.networks.create(web);
  });
}

}  // namespace
}  // namespace seatrial::network
