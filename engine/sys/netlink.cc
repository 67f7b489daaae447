#include "engine/sys/netlink.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "engine/sys/network_namespace.h"

namespace seatrial::sys {
namespace {

// A batch of a thousand ports is larger than what sockets may send by default.
constexpr int kSendBuffer = 4 << 20;
constexpr std::size_t kReceiveBuffer = 64 * 1024;
constexpr int kDumpTries = 50;

UniqueFd open_socket(int protocol) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) throw sys_error(errno, "open a netlink socket");
  return socket;
}

// NLMSG_NEXT and its like cast away const and warn of signs.
const nlmsghdr* header_at(const char* data, std::size_t left) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(data);
  return left >= sizeof *header && header->nlmsg_len >= sizeof *header && header->nlmsg_len <= left
             ? header
             : nullptr;
}

template <typename Each>
void for_each_message(const char* data, std::size_t left, Each each) {
  while (const nlmsghdr* header = header_at(data, left)) {
    each(*header);
    const std::size_t step = NLMSG_ALIGN(header->nlmsg_len);
    if (step >= left) return;
    data += step;
    left -= step;
  }
}

// NLMSGERR_ATTR_MSG of an error; the request's header stands before it (NETLINK_CAP_ACK).
std::string reason_of(const nlmsghdr& header) {
  std::size_t at = NLMSG_HDRLEN + sizeof(nlmsgerr);
  const char* bytes = reinterpret_cast<const char*>(&header);
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  while (at + sizeof(nlattr) <= header.nlmsg_len) {
    const auto* attribute = reinterpret_cast<const nlattr*>(bytes + at);
    if (attribute->nla_len < sizeof *attribute || at + attribute->nla_len > header.nlmsg_len) break;
    if (attribute->nla_type == NLMSGERR_ATTR_MSG) {
      const std::string_view text(bytes + at + NLA_HDRLEN, attribute->nla_len - NLA_HDRLEN);
      return std::string(text.substr(0, text.find('\0')));
    }
    at += NLA_ALIGN(attribute->nla_len);
  }
  return {};
}

const nlmsgerr* error_in(const nlmsghdr& header) {
  if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) {
    return nullptr;
  }
  return reinterpret_cast<const nlmsgerr*>(reinterpret_cast<const char*>(&header) + NLMSG_HDRLEN);
}

}  // namespace

Netlink::Netlink(UniqueFd socket) : socket_(std::move(socket)), buffer_(kReceiveBuffer) {
  const int on = 1;
  // All three are wishes: without them messages are poorer or large batches are refused.
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer);
}

Netlink Netlink::route() {
  return Netlink(open_socket(NETLINK_ROUTE));
}

Netlink Netlink::route_in(int network_namespace) {
  return Netlink(socket_in(network_namespace, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

Netlink Netlink::netfilter() {
  return Netlink(open_socket(NETLINK_NETFILTER));
}

std::uint32_t Netlink::number(std::span<char> messages, std::size_t& acknowledged) {
  const std::uint32_t first = sequence_ + 1;
  for_each_message(messages.data(), messages.size(), [&](const nlmsghdr& header) {
    const_cast<nlmsghdr&>(header).nlmsg_seq = ++sequence_;
    if ((header.nlmsg_flags & NLM_F_ACK) != 0) ++acknowledged;
  });
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket_.get(), messages.data(), messages.size(), 0,
               reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    throw sys_error(errno, "send {} bytes over netlink", messages.size());
  }
  return first;
}

bool Netlink::receive(bool wait) {
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), buffer_.data(), buffer_.size(),
                               MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) throw sys_error(errno, "receive over netlink");
    received_ = static_cast<std::size_t>(got);
    if (received_ > buffer_.size()) {
      throw error(Kind::kInternal, "a netlink answer has {} bytes", received_);
    }
    return true;
  }
}

std::optional<Refusal> Netlink::send(std::span<char> messages, const Each& each) {
  std::size_t expected = 0;
  const std::uint32_t first = number(messages, expected);
  std::size_t acknowledged = 0;
  std::optional<Refusal> refusal;
  while (receive(/*wait=*/false)) {
    for_each_message(buffer_.data(), received_, [&](const nlmsghdr& header) {
      const nlmsgerr* answer = error_in(header);
      if (header.nlmsg_seq < first) return;
      if (answer == nullptr) {
        if (each) each(header);
        return;
      }
      if (answer->error == 0) ++acknowledged;
      if (answer->error == 0 || refusal) return;
      refusal = Refusal{.sys_errno = -answer->error,
                        .message = header.nlmsg_seq - first,
                        .reason = reason_of(header)};
    });
  }
  if (!refusal && acknowledged != expected) {
    throw error(Kind::kInternal, "the kernel acknowledged {} of {} netlink messages", acknowledged,
                expected);
  }
  return refusal;
}

std::optional<std::vector<char>> Netlink::try_dump(std::span<char> request) {
  std::size_t acknowledged = 0;
  const std::uint32_t sequence = number(request, acknowledged);
  std::vector<char> answers;
  bool consistent = true;
  bool done = false;
  while (!done) {
    receive(/*wait=*/true);
    for_each_message(buffer_.data(), received_, [&](const nlmsghdr& header) {
      if (header.nlmsg_seq != sequence) return;
      if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
      const nlmsgerr* failure = error_in(header);
      if (header.nlmsg_type == NLMSG_DONE || failure != nullptr) {
        done = true;
        if (failure == nullptr || failure->error == 0 || failure->error == -ENOENT) return;
        if (failure->error != -EINTR) throw sys_error(-failure->error, "list over netlink");
        consistent = false;
        return;
      }
      const char* bytes = reinterpret_cast<const char*>(&header);
      answers.insert(answers.end(), bytes, bytes + header.nlmsg_len);
      answers.resize(NLMSG_ALIGN(answers.size()));
    });
  }
  if (!consistent) return std::nullopt;
  return answers;
}

void Netlink::dump(std::span<char> request, const Each& each) {
  for (int attempt = 0; attempt < kDumpTries; ++attempt) {
    const std::optional<std::vector<char>> answers = try_dump(request);
    if (!answers) continue;
    for_each_message(answers->data(), answers->size(), each);
    return;
  }
  throw error(Kind::kUnavailable, "what netlink lists kept changing, {} times", kDumpTries);
}

Error to_error(const Refusal& refusal, std::string_view context) {
  if (refusal.reason.empty()) return sys_error(refusal.sys_errno, "{}", context);
  return sys_error(refusal.sys_errno, "{}: {}", context, refusal.reason);
}

}  // namespace seatrial::sys
