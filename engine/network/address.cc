#include "engine/network/address.h"

#include <charconv>
#include <optional>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

// A decimal number up to `limit`, of the whole text and without leading zeros.
std::optional<unsigned> number(std::string_view text, unsigned limit) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

std::optional<Ipv4> try_ipv4(std::string_view text) {
  Ipv4 address;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == text.npos) return std::nullopt;
    const std::optional<unsigned> octet = number(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    address.value = address.value << 8 | *octet;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return address;
}

std::optional<Mac> try_mac(std::string_view text) {
  Mac mac{};
  if (text.size() != mac.size() * 3 - 1) return std::nullopt;
  for (std::size_t index = 0; index < mac.size(); ++index) {
    const char* first = text.data() + index * 3;
    const auto [end, failure] = std::from_chars(first, first + 2, mac.at(index), 16);
    if (failure != std::errc() || end != first + 2) return std::nullopt;
    if (index + 1 < mac.size() && first[2] != ':') return std::nullopt;
  }
  return mac;
}

}  // namespace

std::string to_string(Ipv4 address) {
  return fmt::format("{}.{}.{}.{}", address.value >> 24, address.value >> 16 & 255,
                     address.value >> 8 & 255, address.value & 255);
}

Ipv4 parse_ipv4(std::string_view text) {
  const std::optional<Ipv4> address = try_ipv4(text);
  if (!address) throw error(Kind::kInvalidArgument, "\"{}\" is not an IPv4 address", text);
  return *address;
}

std::string to_string(const Subnet& subnet) {
  return fmt::format("{}/{}", to_string(subnet.base), subnet.prefix);
}

Subnet parse_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Ipv4> base = try_ipv4(text.substr(0, slash));
  const std::optional<unsigned> prefix =
      slash == text.npos ? std::nullopt : number(text.substr(slash + 1), 32);
  if (!base || !prefix) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not an IPv4 subnet such as 10.1.0.0/16", text);
  }
  const Subnet subnet{.base = *base, .prefix = *prefix};
  if (!subnet.contains(*base)) {
    const Subnet meant{.base = {base->value & subnet.mask()}, .prefix = *prefix};
    throw error(Kind::kInvalidArgument, "subnet {} has host bits set; {} is meant", text,
                to_string(meant));
  }
  return subnet;
}

std::string to_string(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                     mac[4], mac[5]);
}

Mac parse_mac(std::string_view text) {
  const std::optional<Mac> mac = try_mac(text);
  if (!mac) throw error(Kind::kInvalidArgument, "\"{}\" is not a hardware address", text);
  if ((mac->front() & 1) != 0 || *mac == Mac{}) {
    throw error(Kind::kInvalidArgument, "no interface can have the hardware address {}", text);
  }
  return *mac;
}

Mac mac_of(Ipv4 address) {
  const auto octet = [&](int shift) {
    return static_cast<std::uint8_t>(address.value >> shift & 255);
  };
  return {0x02, 0x42, octet(24), octet(16), octet(8), octet(0)};
}

}  // namespace seatrial::network
