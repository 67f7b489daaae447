// Connection tracking: what the kernel remembers of flows through published ports.
#pragma once

#include "engine/network/address.h"
#include "engine/sys/netlink.h"

namespace seatrial::network {

// Forgets the UDP flows that a published port led to this container. UDP has no end: a client that
// goes on sending would keep the flow, and be led to the removed container, after another one has
// published the port. Where the kernel has no ctnetlink, flows end by their timeout. Throws Error.
void forget_udp_flows(sys::Netlink& netfilter, Ipv4 container);

}  // namespace seatrial::network
