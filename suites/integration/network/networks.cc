// Networks that the user makes: made, looked at, listed, refused, removed.
#include "suites/integration/network/network_case.h"

namespace network_suite {
namespace {

// "10.77.0.0/24" -> "10.77.0."
std::string stem(const std::string& subnet) {
  return subnet.substr(0, subnet.rfind('.') + 1);
}

}  // namespace

TRIAL(Network, IsMadeWithASubnetAndAGateway,
      Clauses{"docker/network/create", "docker/network/inspect"}) {
  const std::string id = engine().create_network({.name = "deck"});
  const std::string document = engine().inspect_network("deck");
  EXPECT_EQ(fact_of(document, "/Id"), id);
  EXPECT_EQ(fact_of(document, "/Name"), "deck");
  EXPECT_EQ(fact_of(document, "/Driver"), "bridge");
  EXPECT_THAT(fact_of(document, "/IPAM/Config/0/Gateway"),
              StartsWith(stem(fact_of(document, "/IPAM/Config/0/Subnet"))));
  EXPECT_EQ(fact_of(engine().inspect_network(id.substr(0, 12)), "/Name"), "deck");
}

TRIAL(Network, IsListedBesideThoseThatAreAlwaysThere, Clauses{"docker/network/ls"}) {
  EXPECT_THAT(engine().networks(), UnorderedElementsAre("bridge", "host", "none"));
  engine().create_network({.name = "deck"});
  EXPECT_THAT(engine().networks(), UnorderedElementsAre("bridge", "host", "none", "deck"));
}

TRIAL(Network, KeepsItsLabels, Clauses{"docker/network/label"}) {
  engine().create_network({.name = "deck", .labels = {{"level", "upper"}}});
  EXPECT_EQ(fact_of(engine().inspect_network("deck"), "/Labels/level"), "upper");
}

TRIAL(Network, HasItsNameAlone, Clauses{"docker/network/create-twice"}) {
  const std::string id = engine().create_network({.name = "deck"});
  refusal(Kind::kConflict, [&] { engine().create_network({.name = "deck"}); });
  EXPECT_EQ(fact_of(engine().inspect_network("deck"), "/Id"), id);
}

TRIAL(Network, HasTheSubnetAndTheGatewayThatAreGiven, Clauses{"docker/network/subnet"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24", .gateway = "10.77.0.254"});
  const std::string document = engine().inspect_network("deck");
  EXPECT_EQ(fact_of(document, "/IPAM/Config/0/Subnet"), "10.77.0.0/24");
  EXPECT_EQ(fact_of(document, "/IPAM/Config/0/Gateway"), "10.77.0.254");
  const std::string id = up(member("deck", "web"));
  EXPECT_THAT(address(id, "deck"), StartsWith("10.77.0."));
  EXPECT_THAT(inside(id, {"ip", "route"}), HasSubstr("default via 10.77.0.254 "));
}

TRIAL(Network, ShowsItsContainers, Clauses{"docker/network/inspect"}) {
  engine().create_network({.name = "deck"});
  const std::string id = up(member("deck", "web"));
  const std::string document = engine().inspect_network("deck");
  EXPECT_EQ(fact_of(document, "/Containers/" + id + "/Name"), "web");
  EXPECT_THAT(fact_of(document, "/Containers/" + id + "/IPv4Address"),
              StartsWith(address(id, "deck") + "/"));
}

TRIAL(Network, OverAnothersSubnetIsRefused, Clauses{"docker/network/subnet-overlap"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/16"});
  const std::vector<std::string> links = HostNetwork::links();
  refusal([&] { engine().create_network({.name = "hold", .subnet = "10.77.5.0/24"}); });
  EXPECT_THAT(engine().networks(), Not(Contains("hold")));
  EXPECT_EQ(HostNetwork::links(), links);
  engine().create_network({.name = "hold", .subnet = "10.78.5.0/24"});  // control
}

TRIAL(Network, OfTheEnginesChoiceDoesNotOverlapOthers,
      Clauses{"docker/network/subnet-overlap", "docker/network/create"}) {
  std::vector<std::string> subnets;
  for (const char* name : {"first", "second", "third"}) {
    engine().create_network({.name = name});
    subnets.push_back(fact_of(engine().inspect_network(name), "/IPAM/Config/0/Subnet"));
  }
  EXPECT_NE(subnets[0], subnets[1]);
  EXPECT_NE(subnets[1], subnets[2]);
  EXPECT_NE(subnets[0], subnets[2]);
}

TRIAL(Network, OfASubnetThatIsNoneIsRefused, Clauses{"docker/api/bad-parameter"}) {
  refusal([&] { engine().create_network({.name = "deck", .subnet = "10.77.0.0/48"}); });
  refusal([&] { engine().create_network({.name = "deck", .subnet = "of no address"}); });
  EXPECT_THAT(engine().networks(), Not(Contains("deck")));
}

TRIAL(Network, WithAGatewayOutsideOfItsSubnetIsRefused, Clauses{"docker/network/subnet"}) {
  refusal([&] {
    engine().create_network({.name = "deck", .subnet = "10.77.0.0/24", .gateway = "10.78.0.1"});
  });
  EXPECT_THAT(engine().networks(), Not(Contains("deck")));
}

TRIAL(Network, ThatIsNotThereCannotBeInspectedOrRemoved, Clauses{"docker/api/not-found"}) {
  refusal(Kind::kNotFound, [&] { engine().inspect_network("nowhere"); });
  refusal(Kind::kNotFound, [&] { engine().remove_network("nowhere"); });
}

TRIAL(Network, ThatIsNotThereIsNoContainers, Clauses{"docker/run/network"}) {
  std::string id;
  refusal(Kind::kNotFound, [&] {
    id = engine().create(member("nowhere", "web"));
    engine().start(id);
  });
  EXPECT_EQ(id.empty() ? "false" : fact(id, "/State/Running"), "false");
}

TRIAL(Network, InUseIsNotRemoved, Clauses{"docker/network/rm-in-use", "docker/network/rm"}) {
  engine().create_network({.name = "deck"});
  const std::string id = up(member("deck", "web"));
  const std::string other = up(member("deck", "other"));
  refusal([&] { engine().remove_network("deck"); });
  EXPECT_THAT(hears(other, address(id, "deck")), StartsWith("web ")) << "it goes on";
  for (const std::string& each : {id, other}) engine().remove(each, {.force = true});
  engine().remove_network("deck");  // control
  EXPECT_THAT(engine().networks(), Not(Contains("deck")));
}

TRIAL(Network, ThatIsAlwaysThereIsNotRemoved, Clauses{"docker/network/rm-builtin"}) {
  for (const char* name : {"bridge", "host", "none"}) {
    refusal([&] { engine().remove_network(name); });
  }
  EXPECT_THAT(engine().networks(), IsSupersetOf({"bridge", "host", "none"}));
}

TRIAL(StaticAddress, IsTheContainers, Clauses{"docker/run/ip"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  ContainerDraft draft = member("deck", "web");
  draft.ip = "10.77.0.42";
  const std::string id = up(draft);
  EXPECT_EQ(address(id, "deck"), "10.77.0.42");
  EXPECT_THAT(answer_of(here(), {.ip = "10.77.0.42", .port = 80}), StartsWith("web "));
}

TRIAL(StaticAddress, InUseIsRefused, Clauses{"docker/run/ip", "docker/network/address"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  ContainerDraft draft = member("deck", "web");
  draft.ip = "10.77.0.42";
  const std::string holder = up(draft);
  draft.name = "other";
  std::string second;
  refusal([&] {
    second = engine().create(draft);
    engine().start(second);
  });
  EXPECT_THAT(answer_of(here(), {.ip = "10.77.0.42", .port = 80}), StartsWith("web "));
  engine().remove(holder, {.force = true});
  if (second.empty()) second = create(draft);
  engine().start(second);  // control
  EXPECT_EQ(address(second, "deck"), "10.77.0.42");
  engine().remove(second, {.force = true});
}

TRIAL(StaticAddress, OutsideOfTheSubnetIsRefused, Clauses{"docker/run/ip"}) {
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  ContainerDraft draft = member("deck", "web");
  draft.ip = "10.78.0.42";
  refusal([&] { engine().start(engine().create(draft)); });
}

TRIAL(StaticAddress, IsNotForTheDefaultBridge, Clauses{"docker/run/ip"}) {
  ContainerDraft draft = answering("web");
  draft.network = "bridge";
  draft.ip = "172.17.0.42";
  refusal([&] { engine().start(engine().create(draft)); });
}

TRIAL(Mac, IsTheOneThatIsGiven, Clauses{"docker/run/mac-address"}) {
  ContainerDraft draft = answering("web");
  draft.mac = "02:42:ac:11:00:99";
  const std::string id = up(draft);
  EXPECT_EQ(inside(id, {"cat", "/sys/class/net/eth0/address"}), draft.mac + "\n");
  EXPECT_EQ(fact(id, "/NetworkSettings/MacAddress"), draft.mac);
}

TRIAL(Address, OfOneThatIsGoneIsGivenAgain, Clauses{"docker/network/address"}) {
  // Room for the gateway and one container.
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/30"});
  const std::string first = up(member("deck", "first"));
  EXPECT_EQ(address(first, "deck"), "10.77.0.2");
  const std::string second = create(member("deck", "second"));
  refusal([&] { engine().start(second); });
  engine().remove(first, {.force = true});
  engine().start(second);
  await_output(second, "serve");
  EXPECT_EQ(address(second, "deck"), "10.77.0.2");
  EXPECT_THAT(answer_of(here(), {.ip = "10.77.0.2", .port = 80}), StartsWith("second "));
}

}  // namespace network_suite
