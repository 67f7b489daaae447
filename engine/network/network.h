// Networks of containers: bridges, veth pairs, masquerading, published ports.
//
// The kernel is the state: nothing here remembers between two calls, and any process may continue
// what another one began. The records (which networks, which leases, which endpoints) are the
// caller's. What a container adds to the host carries an identity, so that recover() finds it after
// a crash at any instant: the host's end of a veth pair has a name that follows from container and
// network (a link alias can be set only after the link exists; it is there for readers), and the
// map element of a published port has the container's id as its comment, in the same transaction.
//
// All calls act on the network namespace in which the object was made. IPv4 alone. Every Error
// names the network or the port.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/network/address.h"
#include "engine/network/firewall.h"
#include "engine/sys/netlink.h"

namespace seatrial::network {

struct NetworkSpec {
  std::string id = {};    // 64 hex digits
  std::string name = {};  // for messages
  std::string driver = "bridge";
  Subnet subnet = {};
  Ipv4 gateway = {};             // the bridge's address
  bool internal = false;         // no way out, no way in, no default route
  std::string bridge_name = {};  // at most 15 bytes; see bridge_name_of()
  unsigned mtu = 1500;
};

// "st-" and the first 12 digits of the network's id.
std::string bridge_name_of(std::string_view network_id);

// What a container asks of a network.
struct Attachment {
  std::string container_id = {};
  int network_namespace = -1;  // the container's; its lo is brought up, too
  std::string interface = "eth0";
  Ipv4 address = {};            // leased by the caller (AddressPool)
  std::optional<Mac> mac = {};  // nothing: mac_of(address)
  bool default_route = true;    // through this network's gateway; an internal network has none
  std::vector<PublishedPort> ports = {};  // host_port 0: any free one
};

// What it got: the caller's record, from which detach() takes it back.
struct Endpoint {
  std::string network_id = {};
  std::string network_name = {};
  std::string container_id = {};
  std::string host_link = {};
  std::string interface = {};
  Ipv4 address = {};
  unsigned prefix = 0;
  Ipv4 gateway = {};  // 0.0.0.0 on an internal network
  Mac mac = {};
  std::vector<PublishedPort> ports = {};  // host_port filled in
};

// What create() changed beyond the network itself, for the caller's record.
struct HostChanges {
  // net.ipv4.ip_forward was 0 and is 1 now. It is never set back here: by the time a network goes,
  // others may rely on it and have seen it set.
  bool enabled_forwarding = false;
};

struct Recovered {
  std::vector<std::string> links = {};  // host names of the veth pairs that were removed
  std::vector<PublishedPort> ports = {};
};

// What becomes of the host's end of a veth pair. Deleting one waits for the kernel's RCU, some 20
// ms; a pair whose namespace ends goes by itself, in the kernel's own time.
enum class HostLink { kDelete, kEndsWithNamespace };

class Networks {
 public:
  // Opens netlink sockets in the calling thread's network namespace. Not for use by two threads at
  // once. Throws Error.
  Networks();

  // The bridge, up, with the gateway's address, and the network's rules; or nothing at all. Turns
  // IP forwarding on unless the network is internal. Throws Error{kInvalidArgument} for a spec that
  // makes no sense, kConflict for a bridge that exists or a subnet that overlaps one that the host
  // has a route to: before anything is made.
  HostChanges create(const NetworkSpec& network);

  // Whether the bridge is there (after the host was started again, it is not).
  bool exists(const NetworkSpec& network);

  // Takes away what create() made, also what a killed one left; absent parts are fine. The last
  // network takes the table along. Throws Error{kConflict} naming the container while one is
  // attached.
  void remove(const NetworkSpec& network);

  // A veth pair whose one end is the container's interface with address, route and lo up, and the
  // ports published; or nothing at all. Refuses a port that another container has published or that
  // a process of the host listens on (kConflict) before anything is made. Nobody holds the port
  // from then on: a process that binds it later is not reached by clients of the host's addresses.
  Endpoint attach(const NetworkSpec& network, const Attachment& attachment);

  // Takes back what attach() made; absent parts are fine. Elements of the same ports that another
  // container has by now stay. With kEndsWithNamespace, which is for a container that has ended,
  // the link only loses its alias: attach() and remove() do not take it for an attached
  // container's.
  void detach(const Endpoint& endpoint, HostLink host_link = HostLink::kDelete);

  // Removes from these networks the links and ports of all containers that are not in `kept`.
  Recovered recover(std::span<const NetworkSpec> networks, std::span<const std::string> kept);

  // The subnets that the host has a route to, for choose_subnet(). Routes of less than 8 bits are a
  // default route in pieces and do not count.
  std::vector<Subnet> routed_subnets();

 private:
  void make_pair(const NetworkSpec& network, const Attachment& attachment,
                 const Endpoint& endpoint);
  // Takes back all publications of this kind, and returns them.
  std::vector<Publication> unpublish_each(const std::function<bool(const Publication&)>& is_meant);

  sys::Netlink route_;
  Firewall firewall_;
};

}  // namespace seatrial::network
