// One netlink socket, and the conversation over it: requests that the kernel acknowledges, and
// dumps.
//
// The messages are built with libnl (routes, links) and libnftnl (nftables); sending and receiving
// is done here, because both libraries would hide the kernel's errno and its explanation
// (NETLINK_EXT_ACK) behind codes of their own, and libnl's route objects read every link of the
// host before they look at one.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"

namespace seatrial::sys {

// What the kernel had against a message.
struct Refusal {
  int sys_errno = 0;
  std::size_t message = 0;  // index of the message among those that were sent
  std::string reason = {};  // the kernel's own words; often empty
};

class Netlink {
 public:
  using Each = std::function<void(const nlmsghdr&)>;

  // Sockets of the calling thread's namespace, and of another one. Throw Error.
  static Netlink route();
  static Netlink route_in(int network_namespace);
  static Netlink netfilter();

  // Sends complete messages that lie one behind the other; gives them their sequence numbers.
  // Returns the first refusal, or nothing when the kernel acknowledged every message with
  // NLM_F_ACK. The kernel works while we send, so all answers are there afterwards; those that are
  // no acknowledgements go to `each`. Throws Error when the conversation itself fails.
  std::optional<Refusal> send(std::span<char> messages, const Each& each = nullptr);

  // The answers to one request with NLM_F_DUMP; again from the start when what is dumped changed
  // meanwhile. Nothing for ENOENT. Throws Error.
  void dump(std::span<char> request, const Each& each);

 private:
  explicit Netlink(UniqueFd socket);

  // Receives one datagram into buffer_; false when there is none and `wait` is false.
  bool receive(bool wait);
  std::optional<std::vector<char>> try_dump(std::span<char> request);
  std::uint32_t number(std::span<char> messages, std::size_t& acknowledged);

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
  std::vector<char> buffer_;
  std::size_t received_ = 0;
};

// The sentence for a refusal: "CONTEXT: reason: EPERM (...)".
Error to_error(const Refusal& refusal, std::string_view context);

}  // namespace seatrial::sys
