// Networks that are none of a container's own: none, host, another container's. And what is left.
#include <unistd.h>

#include <climits>

#include "harness/fixtures/namespaces.h"
#include "suites/integration/network/network_case.h"

namespace network_suite {
namespace {

ContainerDraft in(const std::string& network, const std::string& word, std::uint16_t port = 80) {
  ContainerDraft draft = Trial::answering(word, port);
  draft.network = network;
  return draft;
}

}  // namespace

TRIAL(None, LeavesLoopbackAlone, Clauses{"docker/network/none"}) {
  const std::string id = up(in("none", "web"));
  EXPECT_THAT(interfaces(id), ElementsAre("lo"));
  EXPECT_EQ(hears(id, "127.0.0.1"), "web 127.0.0.1\n");
  EXPECT_EQ(inside(id, {"ip", "route"}), "");
}

TRIAL(None, LeavesNoLinkOnTheHost, Clauses{"docker/network/none"}) {
  const std::vector<std::string> links = HostNetwork::links();
  up(in("none", "web"));
  EXPECT_EQ(HostNetwork::links(), links);
}

TRIAL(Host, IsTheHostsNetwork, Clauses{"docker/network/host"}) {
  const std::string id = up(in("host", "web"));
  EXPECT_EQ(inside(id, {"readlink", "/proc/self/ns/net"}),
            fmt::format("net:[{}]\n", harness_namespace("net")));
  EXPECT_THAT(interfaces(id), IsSupersetOf({"cable", "lo", "uplink"}));
}

TRIAL(Host, HasTheHostsPorts, Clauses{"docker/network/host"}) {
  up(in("host", "web", 8080));
  EXPECT_THAT(answer_of(here(), {.port = 8080}), StartsWith("web "));
  EXPECT_THAT(answer_of(outside(), {.ip = HostNetwork::kAddress, .port = 8080}),
              StartsWith("web "));
}

TRIAL(Host, KeepsTheHostsName, Clauses{"docker/network/host"}) {
  char name[HOST_NAME_MAX + 1] = "";
  ASSERT_EQ(::gethostname(name, sizeof name), 0);
  EXPECT_EQ(inside(up(in("host", "web")), {"hostname"}), std::string(name) + "\n");
}

TRIAL(SharedNetwork, IsTheOtherContainers, Clauses{"docker/network/container"}) {
  const std::string web = up(answering("web"));
  const std::string guest = up(in("container:" + web, "guest", 81));
  EXPECT_EQ(inside(guest, {"readlink", "/proc/self/ns/net"}),
            inside(web, {"readlink", "/proc/self/ns/net"}));
  EXPECT_EQ(hears(guest, "127.0.0.1"), "web 127.0.0.1\n");
  EXPECT_EQ(hears(web, "127.0.0.1", 81), "guest 127.0.0.1\n");
  EXPECT_THAT(answer_of(here(), {.ip = address(web), .port = 81}), StartsWith("guest "));
}

TRIAL(SharedNetwork, ComesWithNameAndFiles, Clauses{"docker/network/container"}) {
  ContainerDraft draft = answering("web");
  draft.name = "web";
  draft.hostname = "figurehead";
  draft.extra_hosts = {"beacon:192.0.2.77"};
  const std::string web = up(draft);
  const std::string guest = up(in("container:web", "guest", 81));
  EXPECT_EQ(inside(guest, {"hostname"}), "figurehead\n");
  EXPECT_EQ(inside(guest, {"cat", "/etc/hosts"}), inside(web, {"cat", "/etc/hosts"}));
  EXPECT_THAT(inside(guest, {"cat", "/etc/hosts"}), HasSubstr("beacon"));
  EXPECT_EQ(inside(guest, {"cat", "/etc/resolv.conf"}), inside(web, {"cat", "/etc/resolv.conf"}));
}

TRIAL(SharedNetwork, TakesNothingThatIsTheOtherContainers,
      Clauses{"docker/network/container-conflicts"}) {
  const std::string web = up(answering("web"));
  ContainerDraft named = in("container:" + web, "guest", 81);
  named.hostname = "figurehead";
  refusal([&] { engine().create(named); });
  ContainerDraft published = in("container:" + web, "guest", 81);
  published.ports = {{.port = 81, .host_port = 8081}};
  refusal([&] { engine().create(published); });
  ContainerDraft advised = in("container:" + web, "guest", 81);
  advised.dns = {"192.0.2.99"};
  refusal([&] { engine().create(advised); });
  run(in("container:" + web, "guest", 81));  // control
}

TRIAL(SharedNetwork, OutlivesItsGuests, Clauses{"docker/network/container"}) {
  const std::string web = up(answering("web"));
  const std::string guest = up(in("container:" + web, "guest", 81));
  engine().remove(guest, {.force = true});
  EXPECT_THAT(answer_of(here(), {.ip = address(web), .port = 80}), StartsWith("web "));
}

TRIAL(SharedNetwork, OfOneThatIsGoneIsRefused, Clauses{"docker/network/container"}) {
  const std::string web = up(answering("web"));
  const std::string guest = create(in("container:" + web, "guest", 81));
  EXPECT_NO_THROW(engine().remove(web, {.force = true}));
  EXPECT_THAT(refusal([&] { engine().start(guest); }), HasSubstr(web.substr(0, 12)));
  EXPECT_EQ(fact(guest, "/State/Running"), "false");
  refusal([&] { engine().start(engine().create(in("container:nobody", "stray", 81))); });
}

TRIAL(SharedNetwork, OfOneThatDoesNotRunIsRefused, Clauses{"docker/network/container"}) {
  const std::string web = create(answering("web"));
  const std::string guest = create(in("container:" + web, "guest", 81));
  EXPECT_THAT(refusal([&] { engine().start(guest); }), HasSubstr("running"));
  engine().start(web);
  engine().start(guest);  // control
}

TRIAL(Nothing, IsLeftOfAContainerThatIsRemoved, Clauses{"docker/rm/removes"}) {
  up(answering("first"));  // the default bridge stands from now on
  const std::vector<std::string> links = HostNetwork::links();
  ContainerDraft draft = answering("web");
  draft.ports = {{.port = 80, .host_port = 8080}};
  const std::string id = up(draft);
  const std::string was = address(id);
  EXPECT_THAT(HostNetwork::links(), SizeIs(links.size() + 1));  // control
  EXPECT_THAT(HostNetwork::rules(), ContainsRegex(was + "[^0-9]"));
  engine().remove(id, {.force = true});
  await_links(links);
  EXPECT_THAT(HostNetwork::rules(), Not(ContainsRegex(was + "[^0-9]")));
}

TRIAL(Nothing, IsLeftOfAContainerThatEnds, Clauses{"docker/network/publish-gone"}) {
  up(answering("first"));
  const std::vector<std::string> links = HostNetwork::links();
  ContainerDraft draft = shell("true");
  draft.network = "default";
  draft.ports = {{.port = 80, .host_port = 8080}};
  const std::string id = run(draft);
  wait(id);
  await_links(links);
  EXPECT_THAT(HostNetwork::rules(), Not(HasSubstr("8080")));
}

TRIAL(Nothing, IsLeftOfANetworkThatIsRemoved, Clauses{"docker/network/rm"}) {
  up(answering("first"));
  const std::vector<std::string> links = HostNetwork::links();
  engine().create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  ContainerDraft draft = member("deck", "web");
  draft.ports = {{.port = 80, .host_port = 8080}};
  const std::string id = up(draft);
  EXPECT_THAT(HostNetwork::links(), SizeIs(links.size() + 2));  // control: bridge and pair
  EXPECT_THAT(HostNetwork::rules(), HasSubstr("10.77.0."));
  engine().remove(id, {.force = true});
  engine().remove_network("deck");
  await_links(links);
  EXPECT_THAT(HostNetwork::rules(), Not(HasSubstr("10.77.0.")));
}

TRIAL(Nothing, IsLeftOfAStartThatFails, Clauses{"docker/run/exit-127"}) {
  up(answering("first"));
  const std::vector<std::string> links = HostNetwork::links();
  ContainerDraft draft{.cmd = {"no-such-program"}, .network = "default"};
  draft.ports = {{.port = 80, .host_port = 8080}};
  const std::string id = create(draft);
  refusal([&] { engine().start(id); });
  await_links(links);
  EXPECT_THAT(HostNetwork::rules(), Not(HasSubstr("8080")));
  EXPECT_TRUE(is_free(here(), {.ip = "0.0.0.0", .port = 8080}));
}

}  // namespace network_suite
