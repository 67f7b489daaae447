// Containers in networks of the user's own: names, walls, joining and leaving.
#include "suites/integration/network/network_case.h"

namespace network_suite {

TRIAL(Names, AreThoseOfTheContainers, Clauses{"docker/network/names", "docker/run/network"}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(member("deck", "web"));
  const std::string other = up(member("deck", "other"));
  EXPECT_EQ(hears(web, "other"), "other " + address(web, "deck") + "\n");
  EXPECT_EQ(hears(other, "web"), "web " + address(other, "deck") + "\n");
}

TRIAL(Names, MayBeAliases, Clauses{"docker/network/names", "docker/run/network-alias"}) {
  engine().create_network({.name = "deck"});
  ContainerDraft draft = member("deck", "web");
  draft.aliases = {"front", "shop"};
  up(draft);
  const std::string other = up(member("deck", "other"));
  EXPECT_THAT(hears(other, "front"), StartsWith("web "));
  EXPECT_THAT(hears(other, "shop"), StartsWith("web "));
  EXPECT_TRUE(hears_nothing(other, "back"));
}

TRIAL(Names, GoWithTheirContainer, Clauses{"docker/network/names-follow"}, Deadline{60s}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(member("deck", "web"));
  const std::string other = up(member("deck", "other"));
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));  // control
  engine().remove(web, {.force = true});
  EXPECT_TRUE(hears_nothing(other, "web"));
  EXPECT_THAT(inside(other, {"cat", "/etc/hosts"}), Not(ContainsRegex("[[:space:]]web")));
}

TRIAL(Names, FollowAnotherAddress, Clauses{"docker/network/names-follow"}, Deadline{60s}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  const std::string other = up(member("deck", "other"));
  ContainerDraft draft = member("deck", "web");
  draft.ip = "10.77.0.41";
  const std::string first = up(draft);
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));
  engine().remove(first, {.force = true});
  draft.ip = "10.77.0.42";
  up(draft);
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));
}

TRIAL(Names, AreNotKnownInOtherNetworks, Clauses{"docker/network/names"}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  up(member("deck", "web"));
  const std::string friendly = up(member("deck", "friendly"));
  const std::string stranger = up(member("hold", "stranger"));
  EXPECT_THAT(hears(friendly, "web"), StartsWith("web "));  // control
  EXPECT_TRUE(hears_nothing(stranger, "web"));
}

TRIAL(Walls, StandBetweenTwoNetworks, Clauses{"docker/network/isolation"}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  const std::string web = up(member("deck", "web"));
  const std::string friendly = up(member("deck", "friendly"));
  const std::string stranger = up(member("hold", "stranger"));
  EXPECT_THAT(hears(friendly, address(web, "deck")), StartsWith("web "));  // control
  EXPECT_TRUE(hears_nothing(stranger, address(web, "deck")));
  EXPECT_TRUE(hears_nothing(web, address(stranger, "hold")));
}

TRIAL(Walls, StandBetweenTheDefaultBridgeAndOthers, Clauses{"docker/network/isolation"}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(member("deck", "web"));
  const std::string neighbour = up(answering("neighbour"));
  const std::string stranger = up(answering("stranger"));
  EXPECT_THAT(hears(stranger, address(neighbour)), StartsWith("neighbour "));  // control
  EXPECT_TRUE(hears_nothing(stranger, address(web, "deck")));
  EXPECT_TRUE(hears_nothing(web, address(neighbour)));
}

TRIAL(Internal, HasNoWayOut, Clauses{"docker/network/internal"}) {
  const Answerer sea(outside(), {.ip = HostNetwork::kOutside, .port = 7000}, "sea");
  engine().create_network({.name = "open"});
  engine().create_network({.name = "closed", .internal = true});
  EXPECT_EQ(fact_of(engine().inspect_network("closed"), "/Internal"), "true");
  const std::string free = up(member("open", "free"));
  EXPECT_THAT(hears(free, HostNetwork::kOutside, 7000), StartsWith("sea "));  // control
  const std::string captive = up(member("closed", "captive"));
  EXPECT_TRUE(hears_nothing(captive, HostNetwork::kOutside, 7000));
}

TRIAL(Internal, LetsItsMembersReachEachOther, Clauses{"docker/network/internal"}) {
  engine().create_network({.name = "closed", .internal = true});
  const std::string web = up(member("closed", "web"));
  const std::string other = up(member("closed", "other"));
  EXPECT_THAT(hears(other, address(web, "closed")), StartsWith("web "));
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));
}

TRIAL(Connect, OfARunningContainerAddsAnInterface,
      Clauses{"docker/network/connect", "docker/network/names-follow"}, Deadline{60s}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  const std::string both = up(member("deck", "both"));
  const std::string other = up(member("hold", "other"));
  EXPECT_TRUE(hears_nothing(other, "both"));  // control
  EXPECT_THAT(interfaces(both), ElementsAre("eth0", "lo"));
  engine().connect("hold", both, {});
  EXPECT_THAT(interfaces(both), ElementsAre("eth0", "eth1", "lo"));
  EXPECT_THAT(hears(other, "both"), StartsWith("both "));
  EXPECT_THAT(hears(both, "other"), StartsWith("other "));
  EXPECT_THAT(hears(other, address(both, "hold")), StartsWith("both "));
}

TRIAL(Connect, BeforeTheStartGivesBothNetworks,
      Clauses{"docker/network/connect", "docker/network/names-follow"}, Deadline{60s}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  const std::string upper = up(member("deck", "upper"));
  const std::string lower = up(member("hold", "lower"));
  const std::string both = create(member("deck", "both"));
  engine().connect("hold", both, {});
  engine().start(both);
  await_output(both, "serve");
  EXPECT_THAT(interfaces(both), ElementsAre("eth0", "eth1", "lo"));
  EXPECT_THAT(hears(both, "upper"), StartsWith("upper "));
  EXPECT_THAT(hears(both, "lower"), StartsWith("lower "));
  EXPECT_THAT(hears(upper, address(both, "deck")), StartsWith("both "));
  EXPECT_THAT(hears(lower, address(both, "hold")), StartsWith("both "));
}

TRIAL(Connect, DoesNotOpenAWayBetweenTheNetworks, Clauses{"docker/network/isolation"}) {
  engine().create_network({.name = "deck"});
  engine().create_network({.name = "hold"});
  const std::string upper = up(member("deck", "upper"));
  const std::string lower = up(member("hold", "lower"));
  engine().connect("hold", up(member("deck", "both")), {});
  EXPECT_THAT(hears(upper, "both"), StartsWith("both "));  // control
  EXPECT_TRUE(hears_nothing(upper, address(lower, "hold")));
}

TRIAL(Connect, TakesAnAddressAndAliases,
      Clauses{"docker/network/connect-ip", "docker/network/connect-alias"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  const std::string web = up(answering("web"));
  engine().connect("deck", web, {.aliases = {"shop"}, .ip = "10.77.0.42"});
  EXPECT_EQ(address(web, "deck"), "10.77.0.42");
  const std::string other = up(member("deck", "other"));
  EXPECT_THAT(hears(other, "10.77.0.42"), StartsWith("web "));
  EXPECT_THAT(hears(other, "shop"), StartsWith("web "));
}

TRIAL(Connect, TwiceIsRefused, Clauses{"docker/network/connect"}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(member("deck", "web"));
  refusal([&] { engine().connect("deck", web, {}); });
  EXPECT_THAT(interfaces(web), ElementsAre("eth0", "lo"));
}

TRIAL(Connect, ToANetworkThatIsNotThereIsRefused, Clauses{"docker/api/not-found"}) {
  const std::string web = up(answering("web"));
  refusal(Kind::kNotFound, [&] { engine().connect("nowhere", web, {}); });
  EXPECT_THAT(interfaces(web), ElementsAre("eth0", "lo"));
}

TRIAL(Disconnect, OfARunningContainerTakesItOut,
      Clauses{"docker/network/disconnect", "docker/network/names-follow"}, Deadline{60s}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(member("deck", "web"));
  const std::string other = up(member("deck", "other"));
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));  // control
  const std::string was = address(web, "deck");
  engine().disconnect("deck", web);
  EXPECT_THAT(interfaces(web), ElementsAre("lo"));
  EXPECT_TRUE(hears_nothing(other, "web"));
  EXPECT_TRUE(hears_nothing(other, was));
  engine().connect("deck", web, {});
  EXPECT_THAT(hears(other, address(web, "deck")), StartsWith("web "));
  EXPECT_THAT(hears(other, "web"), StartsWith("web "));
}

TRIAL(Disconnect, OfOneThatIsNoMemberIsRefused, Clauses{"docker/network/disconnect"}) {
  engine().create_network({.name = "deck"});
  const std::string web = up(answering("web"));
  refusal([&] { engine().disconnect("deck", web); });
  EXPECT_THAT(interfaces(web), ElementsAre("eth0", "lo"));
}

}  // namespace network_suite
