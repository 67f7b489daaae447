// Published ports: what leads to a container from the host and from outside.
#include "suites/integration/network/network_case.h"

namespace network_suite {
namespace {

constexpr std::uint16_t kPort = 8080;

Service at(const std::string& ip, std::uint16_t port = kPort, Protocol protocol = Protocol::kTcp) {
  return {.ip = ip, .port = port, .protocol = protocol};
}

Service at_host(std::uint16_t port, Protocol protocol) {
  return at(HostNetwork::kAddress, port, protocol);
}

ContainerDraft publishing(ContainerDraft draft, const PublishDraft& port) {
  draft.ports.push_back(port);
  return draft;
}

}  // namespace

TRIAL(Port, LeadsToTheContainer, Clauses{"docker/network/publish", "docker/run/publish"}) {
  const std::string id = up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  EXPECT_EQ(published(id, "80/tcp"), kPort);
  EXPECT_THAT(answer_of(here(), at("127.0.0.1")), StartsWith("web "));
  EXPECT_THAT(answer_of(here(), at(HostNetwork::kAddress)), StartsWith("web "));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));
}

TRIAL(Port, ShowsWhoAsksFromOutside, Clauses{"docker/network/publish"}) {
  up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  EXPECT_EQ(answer_of(outside(), at(HostNetwork::kAddress)),
            "web " + std::string(HostNetwork::kOutside) + "\n");
}

TRIAL(Port, OfUdpLeadsToTheContainer, Clauses{"docker/network/publish-udp"}) {
  up(publishing(answering("clock", 123, "udp"),
                {.port = 123, .protocol = "udp", .host_port = kPort}));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, kPort, Protocol::kUdp)),
              StartsWith("clock "));
  EXPECT_THAT(answer_of(here(), at("127.0.0.1", kPort, Protocol::kUdp)), StartsWith("clock "));
  EXPECT_TRUE(is_silent(outside(), at(HostNetwork::kAddress))) << "TCP was not asked for";
}

TRIAL(Port, OfTcpAndUdpAreTwo, Clauses{"docker/network/publish", "docker/network/publish-udp"}) {
  up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  up(publishing(answering("clock", 123, "udp"),
                {.port = 123, .protocol = "udp", .host_port = kPort}));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, kPort, Protocol::kUdp)),
              StartsWith("clock "));
}

TRIAL(Port, OnOneAddressIsReachedThereAlone,
      Clauses{"docker/network/publish-address", "docker/run/publish"}) {
  up(publishing(answering("web"), {.port = 80, .host_ip = "127.0.0.1", .host_port = kPort}));
  EXPECT_THAT(answer_of(here(), at("127.0.0.1")), StartsWith("web "));  // control
  EXPECT_TRUE(is_silent(here(), at(HostNetwork::kAddress)));
  EXPECT_TRUE(is_silent(outside(), at(HostNetwork::kAddress)));
}

TRIAL(Port, IsOneForEachAddress, Clauses{"docker/network/publish-address"}) {
  up(publishing(answering("inner"), {.port = 80, .host_ip = "127.0.0.1", .host_port = kPort}));
  up(publishing(answering("outer"),
                {.port = 80, .host_ip = HostNetwork::kAddress, .host_port = kPort}));
  EXPECT_THAT(answer_of(here(), at("127.0.0.1")), StartsWith("inner "));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("outer "));
}

TRIAL(Port, IsChosenWhereNoneIsNamed, Clauses{"docker/run/publish"}) {
  const std::string first = up(publishing(answering("first"), {.port = 80}));
  const std::string second = up(publishing(answering("second"), {.port = 80}));
  EXPECT_NE(published(first, "80/tcp"), published(second, "80/tcp"));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, published(first, "80/tcp"))),
              StartsWith("first "));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, published(second, "80/tcp"))),
              StartsWith("second "));
}

TRIAL(Port, OfEveryExposedOneIsPublishedOnWish, Clauses{"docker/run/publish-all"}) {
  ContainerDraft draft = answering("web");
  draft.exposed = {"80/tcp", "81/tcp"};
  draft.publish_all = true;
  const std::string id = up(draft);
  EXPECT_NE(published(id, "80/tcp"), published(id, "81/tcp"));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, published(id, "80/tcp"))),
              StartsWith("web "));
}

TRIAL(Port, ThatIsNotPublishedIsNotReached, Clauses{"docker/network/publish"}) {
  ContainerDraft draft = publishing(answering("web", 81), {.port = 80, .host_port = kPort});
  draft.exposed = {"81/tcp"};
  const std::string id = up(draft);
  EXPECT_THAT(answer_of(here(), {.ip = address(id), .port = 81}), StartsWith("web "));  // control
  EXPECT_TRUE(is_silent(outside(), at(HostNetwork::kAddress, 81)));
  EXPECT_TRUE(is_silent(outside(), at(HostNetwork::kAddress))) << "81 answers, and not 80";
}

TRIAL(Port, MayBeSeveralOfTheHostForOneOfTheContainer, Clauses{"docker/run/publish"}) {
  ContainerDraft draft = publishing(answering("web"), {.port = 80, .host_port = kPort});
  draft = publishing(draft, {.port = 80, .host_port = kPort + 1});
  up(draft);
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress, kPort + 1)), StartsWith("web "));
}

TRIAL(Port, IsReachedFromOtherContainers, Clauses{"docker/network/publish"}) {
  up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  const std::string other = up(answering("other"));
  EXPECT_THAT(hears(other, HostNetwork::kAddress, kPort), StartsWith("web "));
}

// -p 8000-8003:80-83, which docker's command line sends as one port after the other.
TRIAL(PortRange, LeadsPortByPort, Clauses{"docker/run/publish", "docker/network/publish"}) {
  ContainerDraft draft = answering("web");
  draft.cmd = {"sh", "-c",
               "for p in 80 81 82 83; do /probe serve tcp $p tcp$p & /probe serve udp $p udp$p & "
               "done; wait"};
  for (std::uint16_t n = 0; n < 4; ++n) {
    for (const char* protocol : {"tcp", "udp"}) {
      const auto port = static_cast<std::uint16_t>(80 + n);
      const auto host_port = static_cast<std::uint16_t>(8000 + n);
      draft.ports.push_back({.port = port, .protocol = protocol, .host_port = host_port});
    }
  }
  const std::string id = up(draft);
  for (std::uint16_t n = 0; n < 4; ++n) {
    const auto host_port = static_cast<std::uint16_t>(8000 + n);
    EXPECT_EQ(published(id, fmt::format("{}/udp", 80 + n)), host_port);
    EXPECT_THAT(answer_of(outside(), at_host(host_port, Protocol::kTcp)),
                StartsWith(fmt::format("tcp{} ", 80 + n)));
    EXPECT_THAT(answer_of(outside(), at_host(host_port, Protocol::kUdp)),
                StartsWith(fmt::format("udp{} ", 80 + n)));
  }
  EXPECT_TRUE(is_silent(outside(), at_host(7999, Protocol::kTcp)));
  EXPECT_TRUE(is_silent(outside(), at_host(8004, Protocol::kTcp)));
}

// -p 8000-8001:80: one of them that is free.
TRIAL(PortRange, OfTheHostIsToChooseFrom, Clauses{"docker/run/publish"}) {
  const PublishDraft range{.port = 80, .host_port = 8000, .host_port_last = 8001};
  const std::string first = up(publishing(answering("first"), range));
  const std::string second = up(publishing(answering("second"), range));
  EXPECT_THAT((std::vector{published(first, "80/tcp"), published(second, "80/tcp")}),
              UnorderedElementsAre(8000, 8001));
  EXPECT_THAT(answer_of(outside(), at_host(published(first, "80/tcp"), Protocol::kTcp)),
              StartsWith("first "));
  EXPECT_THAT(answer_of(outside(), at_host(published(second, "80/tcp"), Protocol::kTcp)),
              StartsWith("second "));
  const std::string third = create(publishing(answering("third"), range));
  refusal([&] { engine().start(third); });
  engine().remove(first, {.force = true});
  engine().start(third);  // control: nothing else was in the way
  await_output(third, "serve");
  EXPECT_THAT(answer_of(outside(), at_host(published(third, "80/tcp"), Protocol::kTcp)),
              StartsWith("third "));
}

TRIAL(TakenPort, OfAnotherContainerIsRefusedAtTheStart, Clauses{"docker/network/publish-taken"}) {
  const ContainerDraft first = publishing(answering("first"), {.port = 80, .host_port = kPort});
  const std::string holder = up(first);
  const std::vector<std::string> links = HostNetwork::links();
  const std::string second =
      create(publishing(answering("second"), {.port = 80, .host_port = kPort}));
  EXPECT_THAT(refusal([&] { engine().start(second); }), HasSubstr(std::to_string(kPort)));
  EXPECT_EQ(fact(second, "/State/Running"), "false");
  await_links(links);
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("first "));

  engine().remove(holder, {.force = true});
  engine().start(second);  // control: nothing else was in the way
  await_output(second, "serve");
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("second "));
}

TRIAL(TakenPort, OfAProgramOfTheHostIsRefusedAtTheStart, Clauses{"docker/network/publish-taken"}) {
  const std::string id = create(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  {
    const Answerer host(here(), {.ip = "0.0.0.0", .port = kPort}, "host");
    EXPECT_THAT(refusal([&] { engine().start(id); }), HasSubstr(std::to_string(kPort)));
    EXPECT_EQ(fact(id, "/State/Running"), "false");
    EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("host "));
  }
  engine().start(id);  // control
  await_output(id, "serve");
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));
}

TRIAL(PortOfOneThatEnds, IsFree, Clauses{"docker/network/publish-gone"}) {
  const std::string id = up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));  // control
  engine().stop(id, 0s);
  EXPECT_TRUE(is_silent(outside(), at(HostNetwork::kAddress)));
  EXPECT_TRUE(is_free(here(), at("0.0.0.0")));
  const Answerer host(here(), at("0.0.0.0"), "host");
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("host "));
}

TRIAL(PortOfOneThatEnds, IsFreeWhenItIsRemoved, Clauses{"docker/network/publish-gone"}) {
  const std::string id = up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  engine().remove(id, {.force = true});
  const std::string next = up(publishing(answering("next"), {.port = 80, .host_port = kPort}));
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("next "));
}

TRIAL(PortOfOneThatEnds, ComesBackWithItsNextStart, Clauses{"docker/network/publish"}) {
  const std::string id = up(publishing(answering("web"), {.port = 80, .host_port = kPort}));
  engine().restart(id, 0s);
  EXPECT_THAT(answer_of(outside(), at(HostNetwork::kAddress)), StartsWith("web "));
}

}  // namespace network_suite
