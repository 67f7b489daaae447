// Published ways by which containers have reached through their networks: the security clauses of
// the catalogue that need a network of the engine's.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/base/files.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case_site.h"
#include "harness/fixtures/network_witness.h"
#include "suites/integration/network/network_case.h"

namespace network_suite {
namespace {

constexpr const char* kPrefix = "2001:db8:bad::";
constexpr const char* kPrefixInRoutes = "20010db80bad0000";  // as /proc/net has it

// What the host's resolv.conf says from now on. In place: the file is mounted.
void let_the_host_ask(const std::vector<std::string>& nameservers) {
  std::ofstream file(current_site().directory / "resolv.conf");
  for (const std::string& each : nameservers) file << "nameserver " << each << "\n";
}

// The bridge that appears while `body` makes a network and its first container.
std::string new_bridge(const std::function<void()>& body, Where where = Where::current()) {
  const std::vector<std::string> before = HostNetwork::bridges();
  body();
  for (const std::string& name : HostNetwork::bridges()) {
    if (std::ranges::find(before, name) == before.end()) return name;
  }
  throw EngineFailure("no bridge has come with the network", where);
}

// One that may do more with its network than others.
ContainerDraft able(ContainerDraft draft, const std::string& capability) {
  draft.cap_add = {capability};
  return draft;
}

// The way out for one in an internal network of this subnet whose default route is its own.
constexpr const char* kClosed = "10.77.0.0/24";
constexpr const char* kWayOut = "10.77.0.1";

// Takes away every rule, and what else an engine holds containers back with.
void let_everything_through() {
  HostNetwork::change_rules("flush ruleset");
  for (const auto& entry : std::filesystem::directory_iterator("/proc/sys/net/ipv4/conf")) {
    std::ofstream(entry.path() / "forwarding") << "1";
  }
}

std::string own_routes() {
  return seatrial::read_file("/proc/thread-self/net/ipv6_route");
}

}  // namespace

// A container that may send what it likes says that it is the router of all others.
TRIAL(RouterAdvertisement, OfAPeerChangesNobodysRoutes, Clauses{"security/cve-2020-13401"},
      Deadline{60s}) {
  if (!std::filesystem::exists("/proc/self/net/if_inet6")) throw Lack("this kernel has no IPv6");
  std::string sibling;
  const Witness witness(new_bridge([&] {
    engine().create_network({.name = "deck"});
    sibling = up(member("deck", "sibling"));
  }));
  const std::string host_before = own_routes();
  const auto siblings = [&] {
    return inside(sibling, {"cat", "/proc/net/ipv6_route"}) + inside(sibling, {"ip", "route"});
  };
  const std::string sibling_before = siblings();
  ContainerDraft liar = able(member("deck", "liar"), "NET_RAW");
  liar.cmd = {"/probe", "advertise_router", "eth0", kPrefix};
  await_output(run(liar), "advertise_router");
  ASSERT_TRUE(witness.comes_to_see("ipv6_route", kPrefixInRoutes)) << "the lie is told: control";
  // Whoever was going to believe it has heard it by then: it goes to all ports at once.
  EXPECT_THAT(hears(sibling, address(sibling, "deck")), StartsWith("sibling "));
  EXPECT_EQ(siblings(), sibling_before);
  EXPECT_THAT(own_routes(), Not(HasSubstr(kPrefixInRoutes)));
  EXPECT_THAT(seatrial::read_file("/proc/thread-self/net/if_inet6"),
              Not(HasSubstr(kPrefixInRoutes)));
  EXPECT_EQ(host_before.find(kPrefixInRoutes), std::string::npos);
}

// The kernel gives every interface an address of its own making, by which containers could talk
// past rules that know IPv4 alone.
TRIAL(Ipv4OnlyNetwork, HasNoIpv6OnItsInterfaces,
      Clauses{"security/cve-2024-32473", "security/network/no-ipv6-leak"}) {
  if (!std::filesystem::exists("/proc/self/net/if_inet6")) throw Lack("this kernel has no IPv6");
  std::string own;
  const std::string bridge = new_bridge([&] {
    engine().create_network({.name = "deck"});
    own = up(member("deck", "own"));
  });
  const std::string usual = up(answering("usual"));
  const Witness witness(bridge);
  ASSERT_TRUE(witness.comes_to_see("if_inet6", "eth0")) << "the kernel gives one: control";
  for (const std::string& id : {own, usual}) {
    EXPECT_THAT(interfaces(id), ElementsAre("eth0", "lo"));
    EXPECT_THAT(inside(id, {"cat", "/proc/net/if_inet6"}), Not(HasSubstr("eth0")));
  }
}

// A resolver of the engine's that asks in the container's place asks from the host, where the
// internal network ends.
TRIAL(InternalNetwork, AsksNobodyForNames,
      Clauses{"security/cve-2024-29018", "security/network/internal"}, Deadline{60s}) {
  const std::string stub = "127.0.0.53";
  const NameServer loopback(here(), stub), sea(outside(), HostNetwork::kOutside);
  for (const std::string& server : {stub, std::string(HostNetwork::kOutside)}) {
    let_the_host_ask({server});
    const std::string network = server == stub ? "closed" : "shut";
    engine().create_network({.name = network, .internal = true});
    const std::string captive = up(member(network, "captive-" + network));
    engine().exec(captive, {.args = {"nslookup", "-type=a", "canary.example"}});
  }
  EXPECT_EQ(loopback.asked(), 0);
  EXPECT_EQ(sea.asked(), 0);
  // Control: both hear who may ask.
  ContainerDraft free = answering("free", 81);
  free.network = "host";
  const std::string id = up(free);
  for (const std::string& server : {stub, std::string(HostNetwork::kOutside)}) {
    engine().exec(id, {.args = {"nslookup", "-type=a", "canary.example", server}});
  }
  EXPECT_GT(loopback.asked(), 0);
  EXPECT_GT(sea.asked(), 0);
}

// Without a default route nothing is held back: a container that may make one must not get out.
TRIAL(InternalNetwork, HoldsWithARouteOfTheContainersOwn,
      Clauses{"security/network/internal", "docker/network/internal"}, Deadline{60s}) {
  const Answerer sea(outside(), {.ip = HostNetwork::kOutside, .port = 7000}, "sea");
  engine().create_network({.name = "open"});  // from now on the host forwards
  const std::string free = up(member("open", "free"));
  EXPECT_THAT(hears(free, HostNetwork::kOutside, 7000), StartsWith("sea "));  // control
  engine().create_network({.name = "closed", .internal = true, .subnet = kClosed});
  const std::string captive = up(able(member("closed", "captive"), "NET_ADMIN"));
  inside(captive, {"ip", "route", "replace", "default", "via", kWayOut, "dev", "eth0"});
  EXPECT_THAT(inside(captive, {"ip", "route"}), HasSubstr("default via " + std::string(kWayOut)));
  world.let_the_outside_answer();
  EXPECT_TRUE(hears_nothing(captive, HostNetwork::kOutside, 7000));
  EXPECT_TRUE(is_silent(outside(), {.ip = address(captive, "closed"), .port = 80}));
  let_everything_through();
  EXPECT_EQ(hears(captive, HostNetwork::kOutside, 7000), "sea " + address(captive, "closed") + "\n")
      << "nothing but the engine was in the way: control";
}

// An administrator loads rules of his own and takes them away again. What the engine shuts stays
// shut meanwhile.
TRIAL(Reload, OfTheHostsRulesOpensNothing, Clauses{"security/cve-2025-54388"}, Deadline{60s}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  engine().create_network({.name = "closed", .internal = true, .subnet = kClosed});
  ContainerDraft draft = member("deck", "web");
  draft.ports = {{.port = 80, .host_ip = "127.0.0.1", .host_port = 8080}};
  const std::string web = up(draft);
  const std::string stranger = up(member("hold", "stranger"));
  const std::string captive = up(able(member("closed", "captive"), "NET_ADMIN"));
  inside(captive, {"ip", "route", "replace", "default", "via", kWayOut, "dev", "eth0"});
  world.let_the_outside_answer();
  const auto expect_shut = [&](const char* when) {
    EXPECT_TRUE(hears_nothing(stranger, address(web, "deck"))) << when;
    EXPECT_TRUE(is_silent(outside(), {.ip = address(captive, "closed"), .port = 80})) << when;
    EXPECT_TRUE(is_silent(outside(), {.ip = HostNetwork::kAddress, .port = 8080})) << when;
    EXPECT_THAT(answer_of(here(), {.ip = "127.0.0.1", .port = 8080}), StartsWith("web ")) << when;
  };
  const char* const rules =
      "add table inet harbour; "
      "add chain inet harbour forward { type filter hook forward priority -5; policy accept; }; "
      "add chain inet harbour input { type filter hook input priority -5; policy accept; }";
  expect_shut("before");
  HostNetwork::change_rules(rules);
  expect_shut("with rules of the host's");
  HostNetwork::change_rules("flush table inet harbour; delete table inet harbour");
  HostNetwork::change_rules(rules);
  expect_shut("after a reload");
  HostNetwork::change_rules("delete table inet harbour");
  expect_shut("without them");
  let_everything_through();
  EXPECT_THAT(hears(stranger, address(web, "deck")), StartsWith("web "))
      << "the engine is what shuts: control";
  EXPECT_THAT(answer_of(outside(), {.ip = address(captive, "closed"), .port = 80}),
              StartsWith("captive "));
}

}  // namespace network_suite
