// Claiming to be the router of a network.
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint32_t kLifetime = 1800;  // seconds

// Without padding, so that it may go out as it lies here.
struct Advertisement {
  ip6_hdr ip{};
  nd_router_advert router{};
  nd_opt_prefix_info prefix{};
};
static_assert(sizeof(Advertisement) == 40 + 16 + 32);

// RFC 1071, over the pseudo header of RFC 8200 and the message.
std::uint16_t checksum(const Advertisement& advertisement) {
  constexpr std::size_t kMessage = sizeof(Advertisement) - sizeof(ip6_hdr);
  std::uint32_t sum = kMessage + IPPROTO_ICMPV6;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&advertisement);
  for (std::size_t i = offsetof(ip6_hdr, ip6_src); i < sizeof advertisement; i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

Advertisement advertisement_of(const in6_addr& prefix) {
  Advertisement made;
  made.ip.ip6_vfc = 6 << 4;
  made.ip.ip6_plen = htons(sizeof made - sizeof made.ip);
  made.ip.ip6_nxt = IPPROTO_ICMPV6;
  made.ip.ip6_hlim = 255;  // else it has come from afar (RFC 4861, 6.1.2)
  ::inet_pton(AF_INET6, "fe80::bad:1", &made.ip.ip6_src);
  ::inet_pton(AF_INET6, "ff02::1", &made.ip.ip6_dst);
  made.router.nd_ra_type = ND_ROUTER_ADVERT;
  made.router.nd_ra_curhoplimit = 64;
  made.router.nd_ra_router_lifetime = htons(kLifetime);
  made.prefix.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION;
  made.prefix.nd_opt_pi_len = sizeof made.prefix / 8;
  made.prefix.nd_opt_pi_prefix_len = 64;
  made.prefix.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO;
  made.prefix.nd_opt_pi_valid_time = htonl(kLifetime);
  made.prefix.nd_opt_pi_preferred_time = htonl(kLifetime);
  made.prefix.nd_opt_pi_prefix = prefix;
  made.router.nd_ra_cksum = checksum(made);
  return made;
}

// advertise_router INTERFACE PREFIX: tells everybody on the link again and again, until it is
// killed, to be their router to everywhere and that the PREFIX is theirs. A packet socket asks for
// CAP_NET_RAW alone: no IPv6 of one's own is needed.
void advertise_router(const Operands& operands) {
  if (operands.size() != 2) return;
  in6_addr prefix{};
  ::inet_pton(AF_INET6, operands[1].c_str(), &prefix);
  const Advertisement advertisement = advertisement_of(prefix);
  sockaddr_ll everybody{};
  everybody.sll_family = AF_PACKET;
  everybody.sll_protocol = htons(kIpv6);
  everybody.sll_ifindex = static_cast<int>(::if_nametoindex(operands[0].c_str()));
  everybody.sll_halen = 6;
  const unsigned char multicast[] = {0x33, 0x33, 0, 0, 0, 1};
  std::memcpy(everybody.sll_addr, multicast, sizeof multicast);
  const int fd = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto tell = [&] {
    return ::sendto(fd, &advertisement, sizeof advertisement, 0,
                    reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody) > 0;
  };
  const bool told = fd >= 0 && tell();
  JsonLine("advertise_router", operands[0]).error(told ? 0 : errno).print();
  constexpr useconds_t kPause = 20 * 1000;
  while (told) {
    ::usleep(kPause);
    tell();
  }
}

}  // namespace

const std::vector<NamedCommand>& advertise_commands() {
  static const std::vector<NamedCommand> commands = {{"advertise_router", advertise_router}};
  return commands;
}

}  // namespace seatrial::probe
