// Published ways by which containers have reached through their networks: the security clauses of
// the catalogue that need a network of the engine's.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/network/links.h"
#include "engine/network/namespace.h"
#include "engine/sys/deadline.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case_site.h"
#include "suites/integration/network/network_case.h"

namespace network_suite {
namespace {

namespace net = seatrial::network;
using seatrial::UniqueFd;

constexpr const char* kPrefix = "2001:db8:bad::";
constexpr const char* kPrefixInRoutes = "20010db80bad0000";  // as /proc/net has it
constexpr auto kPatience = 10s;

// Somebody on a bridge whom nobody protects: what the kernel does with IPv6 by itself.
class Witness {
 public:
  explicit Witness(const std::string& bridge) {
    // Not the engine's own way to make one, which may come without IPv6.
    std::thread([&] {
      if (::unshare(CLONE_NEWNET) == 0) {
        place_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
      }
    }).join();
    if (!place_) throw seatrial::error(Kind::kDenied, "no namespace for a witness");
    net::Netlink route = net::Netlink::route();
    const auto link = net::find_link(route, bridge);
    if (!link) throw seatrial::error(Kind::kNotFound, "there is no bridge {}", bridge);
    net::create_veth(route, {.name = "witness",
                             .bridge = link->index,
                             .peer_namespace = place_.get(),
                             .peer_name = "eth0",
                             .peer_mac = net::parse_mac("02:00:00:00:00:03")});
    net::Netlink inside = net::Netlink::route_in(place_.get());
    net::set_up(inside, net::find_link(inside, "eth0")->index);
  }

  // A file of /proc/net as it is there.
  std::string sees(const std::string& file) const {
    std::string text;
    std::thread([&] {
      if (::setns(place_.get(), CLONE_NEWNET) == 0) {
        text = seatrial::read_file("/proc/thread-self/net/" + file);
      }
    }).join();
    return text;
  }
  bool comes_to_see(const std::string& file, const std::string& word) const {
    const auto end = std::chrono::steady_clock::now() + scaled(kPatience);
    while (sees(file).find(word) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

 private:
  UniqueFd place_;
};

// Counts who asks it for names, and says that there are none.
class NameServer {
 public:
  NameServer(int network_namespace, const std::string& ip)
      : socket_(net::socket_in(network_namespace, AF_INET, SOCK_DGRAM, 0)),
        end_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = ::htons(53);
    address.sin_addr.s_addr = ::htonl(net::parse_ipv4(ip).value);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw seatrial::sys_error(errno, "bind {}:53", ip);
    }
    thread_ = std::thread([this] { answer(); });
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(end_.get(), &one, sizeof one));
    thread_.join();
  }

  int asked() const { return asked_; }

 private:
  void answer() {
    for (;;) {
      std::array<pollfd, 2> events{{{socket_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
      seatrial::sys::poll_until(events, std::nullopt);
      if (events[1].revents != 0) return;
      sockaddr_in asker{};
      socklen_t size = sizeof asker;
      unsigned char question[512];
      const ssize_t got = ::recvfrom(socket_.get(), question, sizeof question, 0,
                                     reinterpret_cast<sockaddr*>(&asker), &size);
      if (got < 12) continue;
      ++asked_;
      question[2] |= 0x80;  // an answer: no such name (RFC 1035, 4.1.1)
      question[3] = 3;
      static_cast<void>(!::sendto(socket_.get(), question, static_cast<std::size_t>(got), 0,
                                  reinterpret_cast<const sockaddr*>(&asker), size));
    }
  }

  UniqueFd socket_;
  UniqueFd end_;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

// What the host's resolv.conf says from now on. In place: the file is mounted.
void let_the_host_ask(const std::vector<std::string>& nameservers) {
  std::ofstream file(current_site().directory / "resolv.conf");
  for (const std::string& each : nameservers) file << "nameserver " << each << "\n";
}

// The bridge that appears while `body` makes a network and its first container.
std::string new_bridge(const std::function<void()>& body, Where where = Where::current()) {
  const std::vector<std::string> before = HostNetwork::links();
  body();
  net::Netlink route = net::Netlink::route();
  for (const std::string& name : HostNetwork::links()) {
    if (std::ranges::find(before, name) != before.end()) continue;
    const auto link = net::find_link(route, name);
    if (link && !net::ports_of(route, link->index).empty()) return name;
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

// Whoever is asked outside may answer: without this, silence would prove nothing.
void let_the_outside_answer(int outside) {
  net::Netlink far = net::Netlink::route_in(outside);
  net::add_default_route(far, net::find_link(far, "eth0")->index,
                         net::parse_ipv4(HostNetwork::kAddress));
}

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
  let_the_outside_answer(outside());
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
  let_the_outside_answer(outside());
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
