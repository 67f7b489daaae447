// Network namespaces by descriptor: new ones, and sockets of other ones.
//
// A socket belongs to the namespace of the task that opens it, for good. So configuring a namespace
// takes one socket from inside it, not a thread that lives there. That socket is opened by a
// throwaway child that shares our memory and our descriptor table but not our namespaces
// (clone(CLONE_VM | CLONE_VFORK | CLONE_FILES), then setns(2)): no thread of ours ever switches
// namespace, the descriptor is in our table when the child ends, and nothing is copied, whatever
// our size. Passing the socket back by SCM_RIGHTS would take a pair of sockets and two messages for
// the same; IFLA_NET_NS_FD alone cannot add addresses or routes inside.
//
// Needs CAP_SYS_ADMIN over the namespace's owner.
#pragma once

#include "engine/base/unique_fd.h"

namespace seatrial::sys {

// A close-on-exec socket of the namespace. Throws Error.
UniqueFd socket_in(int network_namespace, int domain, int type, int protocol);

// A new namespace whose loopback interface is up. Interfaces that come later have no IPv6 unless
// somebody turns it on (disable_ipv6): the kernel would give them addresses of its own making, and
// routes of whoever calls himself a router. It lives as long as a descriptor of it, a process in
// it, or a mount of it. Throws Error.
UniqueFd new_network_namespace();

// The namespace of the calling thread. Throws Error.
UniqueFd own_network_namespace();

// Sets `lo` up; that it is so already is fine. Throws Error.
void bring_up_loopback(int network_namespace);

}  // namespace seatrial::sys
