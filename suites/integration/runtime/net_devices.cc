// linux.netDevices: network devices of the host that move into the container.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/fixtures/cable.h"
#include "harness/fixtures/case.h"
#include "harness/sentinel/facts.h"

namespace {

const Needs kNeeds{Feature::kNetworkNamespace, Feature::kSpec13};

// A sysfs shows the devices of the network namespace in which it was mounted.
Bundle base() {
  return Bundle::minimal()
      .with_namespace("network")
      .mount({.destination = "/sys", .type = "sysfs", .source = "sysfs", .options = {"ro"}})
      .set_json("/linux/netDevices", "{}");
}

Bundle taking(const std::string& device, const std::string& name = {}) {
  Bundle bundle = base();
  if (name.empty()) return bundle.set_json("/linux/netDevices/" + device, "{}");
  return bundle.set("/linux/netDevices/" + device + "/name", name);
}

Bundle looking(Bundle bundle) {
  return bundle.probe({"list", "/sys/class/net"});
}

std::string attribute(const std::string& device, const std::string& name) {
  return "/sys/class/net/" + device + "/" + name;
}

std::string namespace_of(const Box& box) {
  return "/proc/" + std::to_string(box.pid()) + "/ns/net";
}

// Of the case's own network namespace.
std::vector<std::string> devices_here() {
  std::vector<std::string> names;
  for (const auto& link : seatrial::sentinel::read_links()) names.push_back(link.name);
  std::ranges::sort(names);
  return names;
}

bool is_up(const Report& report, const std::string& device) {
  return (std::stoul(report.content(attribute(device, "flags")), nullptr, 16) & 1) != 0;
}

constexpr const char* kAddressesOfIpv6 = "/proc/net/if_inet6";
constexpr const char* kRoutes = "/proc/net/fib_trie";  // with every local address of IPv4

}  // namespace

TRIAL(NetDevices, AreInTheContainerAndNoLongerOutside,
      Clauses{"runtime/devices/network-available", "runtime/devices/network-renamed"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  ASSERT_THAT(devices_here(), ElementsAre("cargo0", "lo", "quay0"));
  auto box = target().run(looking(taking("cargo0")).probe({"hold"}));
  EXPECT_THAT(box.report().list("/sys/class/net"), ElementsAre("cargo0", "lo"));
  EXPECT_THAT(devices_here(), ElementsAre("lo", "quay0"));
}

TRIAL(NetDevices, MayBeRenamed, Clauses{"runtime/devices/network-renamed"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  auto box = target().run(looking(taking("cargo0", "eth0")));
  EXPECT_THAT(box.report().list("/sys/class/net"), ElementsAre("eth0", "lo"));
}

// Init of a user namespace waits for its id maps first.
TRIAL(NetDevices, MoveIntoTheNamespaceOfAnotherUserNamespace,
      Clauses{"runtime/devices/network-available", "runtime/devices/network-up"},
      Needs{Feature::kNetworkNamespace, Feature::kUserNamespace, Feature::kSpec13}) {
  const Cable cable("cargo0", "quay0");
  auto box =
      target().run(looking(taking("cargo0", "eth0")
                               .with_namespace("user")
                               .uid_mapping({.container_id = 0, .host_id = 100000, .size = 65536})
                               .gid_mapping({.container_id = 0, .host_id = 100000, .size = 65536}))
                       .probe({"read", attribute("eth0", "flags")}));
  EXPECT_THAT(box.report().list("/sys/class/net"), ElementsAre("eth0", "lo"));
  EXPECT_TRUE(is_up(box.report(), "eth0"));
}

TRIAL(NetDevices, AreUp, Clauses{"runtime/devices/network-up"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  auto box =
      target().run(taking("cargo0")
                       .set("/linux/netDevices/quay0/name", "eth1")
                       .probe({"read", attribute("cargo0", "flags"), attribute("eth1", "flags")}));
  EXPECT_TRUE(is_up(box.report(), "cargo0"));
  EXPECT_TRUE(is_up(box.report(), "eth1"));
}

// Those of link scope, and those that end, are not asked for.
TRIAL(NetDevices, KeepTheirAttributesAndAddresses,
      Clauses{"runtime/devices/network-keeps-attributes"}, kNeeds) {
  Cable cable("cargo0", "quay0");
  cable.add_address({.text = "192.0.2.7"});
  cable.add_address({.text = "192.0.2.8"});
  cable.add_address({.text = "198.51.100.1", .prefix = 32});
  auto box = target().run(
      taking("cargo0", "eth0")
          .probe({"read", attribute("eth0", "mtu"), attribute("eth0", "address"), kRoutes}));
  EXPECT_EQ(box.report().content(attribute("eth0", "mtu")), std::to_string(Cable::kMtu) + "\n");
  EXPECT_EQ(box.report().content(attribute("eth0", "address")),
            std::string(Cable::kHardwareAddress) + "\n");
  const std::string routes = box.report().content(kRoutes);
  for (const char* address : {"192.0.2.7", "192.0.2.8", "198.51.100.1"}) {
    EXPECT_THAT(routes, HasSubstr(address));
  }
  EXPECT_THAT(routes, HasSubstr("192.0.2.0/24"));  // the prefix, too
}

TRIAL(NetDevices, KeepTheirAddressesOfIpv6, Clauses{"runtime/devices/network-keeps-attributes"},
      kNeeds) {
  if (!std::filesystem::exists("/proc/self/net/if_inet6")) throw Lack("this kernel has no IPv6");
  Cable cable("cargo0", "quay0");
  cable.add_address({.text = "2001:db8::7", .prefix = 64});
  auto box = target().run(taking("cargo0", "eth0").probe({"read", kAddressesOfIpv6}));
  EXPECT_THAT(box.report().content(kAddressesOfIpv6),
              ContainsRegex("20010db8000000000000000000000007 [0-9a-f]+ 40 00 [0-9a-f]+ +eth0"));
}

TRIAL(NetDevices, ThatDoNotExistAreAnError, Clauses{"runtime/devices/network-checked"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  Bundle both = taking("cargo0");
  EXPECT_THAT(target().try_run(both.set_json("/linux/netDevices/cargo9", "{}")),
              RefusedWith(HasSubstr("cargo9")));
  EXPECT_THAT(devices_here(), ElementsAre("cargo0", "lo", "quay0"));  // the other one as well
  EXPECT_THAT(target().try_run(taking("cargo0")), Succeeded());       // control
}

TRIAL(NetDevices, ThatCannotMoveAreAnError, Clauses{"runtime/devices/network-checked"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  EXPECT_THAT(target().try_run(taking("lo", "eth0")), RefusedWith(HasSubstr("lo")));
  EXPECT_THAT(devices_here(), ElementsAre("cargo0", "lo", "quay0"));
  EXPECT_THAT(target().try_run(taking("cargo0", "eth0")), Succeeded());  // control
}

// Where the runtime's own namespace is the container's there is nowhere to move to.
TRIAL(NetDevices, WithoutAnotherNamespaceAreAnError, Clauses{"runtime/devices/network-checked"},
      kNeeds) {
  const Cable cable("cargo0", "quay0");
  Bundle without = taking("cargo0", "eth0");
  without.without_namespace("network").without_mount("/sys");
  EXPECT_THAT(target().try_run(without), Refused());
  EXPECT_THAT(devices_here(), ElementsAre("cargo0", "lo", "quay0"));
  EXPECT_THAT(target().try_run(taking("cargo0", "eth0")), Succeeded());  // control
}

TRIAL(NetDevices, OfANameThatIsTakenAreAnError, Clauses{"runtime/devices/network-name-taken"},
      kNeeds) {
  const Cable first("cargo0", "quay0");
  const Cable second("cargo1", "quay1");
  auto owner = target().run(taking("cargo0", "eth0").probe({"hold"}));
  ASSERT_TRUE(owner.report().complete());
  const auto joining = [&](const std::string& name) {
    return looking(taking("cargo1", name).with_namespace("network", namespace_of(owner)));
  };
  EXPECT_THAT(target().try_run(joining("eth0")), Refused());
  EXPECT_THAT(devices_here(), ElementsAre("cargo1", "lo", "quay0", "quay1"));
  auto control = target().run(joining("eth7"));
  EXPECT_THAT(control.report().list("/sys/class/net"), ElementsAre("eth0", "eth7", "lo"));
}

TRIAL(NetDevices, OfATemplateGetAFreeName, Clauses{"runtime/devices/network-name-template"},
      kNeeds) {
  const Cable first("cargo0", "quay0");
  const Cable second("cargo1", "quay1");
  auto owner = target().run(taking("cargo0", "eth0").probe({"hold"}));
  ASSERT_TRUE(owner.report().complete());
  auto guest = target().run(
      looking(taking("cargo1", "eth%d").with_namespace("network", namespace_of(owner))));
  EXPECT_THAT(guest.report().list("/sys/class/net"), ElementsAre("eth0", "eth1", "lo"));
}

// What somebody else does to it after the move is not the runtime's to undo.
TRIAL(NetDevices, AreLeftAloneOnceTheyHaveMoved, Clauses{"runtime/devices/network-not-managed"},
      kNeeds) {
  const Cable cable("cargo0", "quay0");
  auto box = target().create(taking("cargo0").probe({"read", attribute("cargo0", "flags")}));
  take_down(namespace_of(box), "cargo0");
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_FALSE(is_up(box.report(), "cargo0"));
}

// The namespace outlives the container; its device stays in it.
TRIAL(NetDevices, AreNotMovedOutOfANamespaceThatStays,
      Clauses{"runtime/devices/network-not-moved-back"}, kNeeds) {
  const Cable cable("cargo0", "quay0");
  auto owner = target().run(base().probe({"hold"}));
  ASSERT_TRUE(owner.report().complete());
  const std::string place = namespace_of(owner);
  auto guest = target().run(looking(taking("cargo0").with_namespace("network", place)));
  EXPECT_THAT(guest.report().list("/sys/class/net"), ElementsAre("cargo0", "lo"));
  ASSERT_THAT(guest.wait(10s), Exited(0));
  ASSERT_THAT(guest.remove(), Succeeded());
  auto later = target().run(looking(base().with_namespace("network", place)));
  EXPECT_THAT(later.report().list("/sys/class/net"), ElementsAre("cargo0", "lo"));
  EXPECT_THAT(devices_here(), ElementsAre("lo", "quay0"));
}
