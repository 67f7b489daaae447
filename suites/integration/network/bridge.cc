// The network that a container has without a wish: addresses, routes, files, neighbours.
#include "suites/integration/network/network_case.h"

namespace network_suite {

TRIAL(Bridge, GivesAnAddressAndTheGatewayAsRoute,
      Clauses{"docker/network/bridge-default", "docker/network/address", "docker/inspect/json"}) {
  const std::string id = up(answering("web"));
  const std::string gateway = fact(id, "/NetworkSettings/Gateway");
  EXPECT_THAT(inside(id, {"ip", "-o", "-4", "addr", "show", "eth0"}),
              HasSubstr("inet " + address(id) + "/" + fact(id, "/NetworkSettings/IPPrefixLen")));
  EXPECT_THAT(inside(id, {"ip", "route"}), HasSubstr("default via " + gateway + " dev eth0"));
  EXPECT_THAT(interfaces(id), ElementsAre("eth0", "lo"));
}

TRIAL(Bridge, HasTheHostAtItsGateway, Clauses{"docker/network/address"}) {
  const std::string id = up(answering("web"));
  const std::string gateway = fact(id, "/NetworkSettings/Gateway");
  const Answerer host(here(), {.ip = gateway, .port = 7000}, "host");
  EXPECT_EQ(hears(id, gateway, 7000), "host " + address(id) + "\n");
}

TRIAL(Bridge, IsReachedFromTheHost, Clauses{"docker/network/address"}) {
  const std::string id = up(answering("web"));
  EXPECT_THAT(answer_of(here(), {.ip = address(id), .port = 80}), StartsWith("web "));
}

TRIAL(Bridge, LetsContainersReachEachOther, Clauses{"docker/network/same-bridge"}) {
  const std::string web = up(answering("web"));
  const std::string other = up(answering("other"));
  EXPECT_EQ(hears(web, address(other)), "other " + address(web) + "\n");
  EXPECT_EQ(hears(other, address(web)), "web " + address(other) + "\n");
}

TRIAL(Bridge, KnowsNoNamesOfNeighbours, Clauses{"docker/network/no-names-on-default"}) {
  ContainerDraft draft = answering("web");
  draft.name = "web";
  const std::string web = up(draft);
  const std::string other = up(answering("other"));
  EXPECT_EQ(hears(other, address(web)), "web " + address(other) + "\n");  // control
  EXPECT_TRUE(hears_nothing(other, "web"));
}

TRIAL(Bridge, GivesEachContainerItsOwnAddress, Clauses{"docker/network/address"}, Deadline{60s}) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 6; ++i) {
    addresses.push_back(address(run({.cmd = {"sleep", "1000"}, .network = "default"})));
  }
  std::ranges::sort(addresses);
  EXPECT_EQ(std::ranges::adjacent_find(addresses), addresses.end())
      << ::testing::PrintToString(addresses);
  EXPECT_THAT(addresses, Each(Not(IsEmpty())));
}

TRIAL(Bridge, LosesTheAddressWithTheContainersEnd, Clauses{"docker/network/address"}) {
  const std::string id = up(answering("web"));
  const Service web{.ip = address(id), .port = 80};
  EXPECT_THAT(answer_of(here(), web), StartsWith("web "));  // control
  engine().stop(id, 0s);
  EXPECT_EQ(address(id), "");
  EXPECT_TRUE(is_silent(here(), web));
}

TRIAL(HostsFile, HasTheContainersNameAndAddress,
      Clauses{"docker/network/hosts-file", "docker/run/hostname"}) {
  const std::string id = up(answering("web"));
  EXPECT_EQ(inside(id, {"hostname"}), id.substr(0, 12) + "\n");
  const std::string hosts = inside(id, {"cat", "/etc/hosts"});
  EXPECT_THAT(hosts, ContainsRegex("127\\.0\\.0\\.1[[:space:]]+localhost"));
  EXPECT_THAT(hosts, ContainsRegex(address(id) + "[[:space:]]+" + id.substr(0, 12)));
}

TRIAL(HostsFile, HasTheNameThatIsGiven,
      Clauses{"docker/network/hosts-file", "docker/run/hostname"}) {
  ContainerDraft draft = answering("web");
  draft.hostname = "figurehead";
  const std::string id = up(draft);
  EXPECT_EQ(inside(id, {"hostname"}), "figurehead\n");
  EXPECT_EQ(hears(id, "figurehead"), "web " + address(id) + "\n");
}

TRIAL(HostsFile, HasTheLinesThatAreAdded, Clauses{"docker/run/add-host"}) {
  const std::string web = up(answering("web"));
  ContainerDraft draft = answering("other");
  draft.extra_hosts = {"beacon:" + address(web)};
  const std::string other = up(draft);
  EXPECT_THAT(inside(other, {"cat", "/etc/hosts"}),
              ContainsRegex(address(web) + "[[:space:]]+beacon"));
  EXPECT_THAT(hears(other, "beacon"), StartsWith("web "));
}

TRIAL(ResolvConf, IsTheHosts, Clauses{"docker/network/resolv-conf"}) {
  const std::string text = inside(up(answering("web")), {"cat", "/etc/resolv.conf"});
  EXPECT_THAT(text, HasSubstr("nameserver " + std::string(HostSide::kNameserver)));
  EXPECT_THAT(text, HasSubstr("search example"));
}

TRIAL(ResolvConf, HasTheNameserverThatIsGiven, Clauses{"docker/run/dns"}) {
  ContainerDraft draft = answering("web");
  draft.dns = {"192.0.2.99"};
  const std::string text = inside(up(draft), {"cat", "/etc/resolv.conf"});
  EXPECT_THAT(text, HasSubstr("nameserver 192.0.2.99"));
  EXPECT_THAT(text, Not(HasSubstr(HostSide::kNameserver)));
}

TRIAL(Outside, SeesTheHostsAddress, Clauses{"docker/network/outside"}) {
  const Answerer sea(outside(), {.ip = HostNetwork::kOutside, .port = 7000}, "sea");
  const std::string id = up(answering("web"));
  EXPECT_EQ(hears(id, HostNetwork::kOutside, 7000),
            "sea " + std::string(HostNetwork::kAddress) + "\n");
}

TRIAL(Outside, IsReachedFromNetworksOfTheUsersOwn, Clauses{"docker/network/outside"}) {
  const Answerer sea(outside(), {.ip = HostNetwork::kOutside, .port = 7000}, "sea");
  engine().create_network({.name = "deck"});
  const std::string id = up(member("deck", "web"));
  EXPECT_EQ(hears(id, HostNetwork::kOutside, 7000),
            "sea " + std::string(HostNetwork::kAddress) + "\n");
}

}  // namespace network_suite
