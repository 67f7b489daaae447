// Network links over a raw netlink socket; see rtnetlink(7).
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {
namespace {

struct LinkRequest {
  nlmsghdr header{};
  ifinfomsg link{};
};

UniqueFd send_request(LinkRequest request) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) throw sys_error(errno, "open a netlink socket");
  request.header.nlmsg_len = sizeof request;
  if (::send(socket.get(), &request, sizeof request, 0) < 0) {
    throw sys_error(errno, "send a netlink request");
  }
  return socket;
}

// One datagram; `buffer` is aligned as messages need.
std::size_t receive(int socket, std::vector<nlmsghdr>& buffer) {
  for (;;) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size() * sizeof(nlmsghdr), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw sys_error(errno, "receive from netlink");
    if (static_cast<std::size_t>(got) > buffer.size() * sizeof(nlmsghdr)) {
      throw error(Kind::kInternal, "a netlink message of {} bytes was cut off", got);
    }
    return static_cast<std::size_t>(got);
  }
}

int error_of(const nlmsghdr& message) {
  nlmsgerr failure{};
  std::memcpy(&failure, NLMSG_DATA(&message), sizeof failure);
  return -failure.error;
}

LinkFact link_of(const nlmsghdr& message) {
  const auto* const link = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  LinkFact fact{.index = static_cast<unsigned>(link->ifi_index), .name = {}};
  auto left = static_cast<int>(IFLA_PAYLOAD(&message));
  for (const rtattr* attribute = IFLA_RTA(link); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != IFLA_IFNAME) continue;
    const auto* const name = static_cast<const char*>(RTA_DATA(attribute));
    fact.name.assign(name, ::strnlen(name, RTA_PAYLOAD(attribute)));
  }
  return fact;
}

}  // namespace

std::vector<LinkFact> read_links() {
  LinkRequest request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  const UniqueFd socket = send_request(request);

  std::vector<LinkFact> links;
  std::vector<nlmsghdr> buffer(64 * 1024 / sizeof(nlmsghdr));
  for (;;) {
    std::size_t left = receive(socket.get(), buffer);
    for (const nlmsghdr* message = buffer.data(); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return links;
      if (message->nlmsg_type == NLMSG_ERROR) {
        throw sys_error(error_of(*message), "list network links");
      }
      if (message->nlmsg_type == RTM_NEWLINK) links.push_back(link_of(*message));
    }
  }
}

void delete_link(unsigned index) {
  LinkRequest request;
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = static_cast<int>(index);
  const UniqueFd socket = send_request(request);
  std::vector<nlmsghdr> buffer(8 * 1024 / sizeof(nlmsghdr));
  receive(socket.get(), buffer);
  if (const int failure = error_of(buffer.front()); failure != 0 && failure != ENODEV) {
    throw sys_error(failure, "delete network link {}", index);
  }
}

}  // namespace seatrial::sentinel
