// The grammar of --publish and --expose.
#include <charconv>

#include "engine/base/error.h"
#include "engine/cli/option_values.h"

namespace seatrial::engine_cli {
namespace {

struct PortRange {
  unsigned first = 0;
  unsigned last = 0;
  unsigned size() const { return last - first + 1; }
};

std::optional<unsigned> parse_port_number(std::string_view text) {
  unsigned number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
      number > 65535) {
    return std::nullopt;
  }
  return number;
}

std::optional<PortRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_port_number(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_port_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

// Takes "/tcp" off the end.
std::string take_protocol(std::string_view& text, const std::string& whole) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return "tcp";
  std::string protocol(text.substr(slash + 1));
  for (char& c : protocol) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  text = text.substr(0, slash);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    throw error(Kind::kInvalidArgument, "invalid proto: {} (in port {})", protocol, whole);
  }
  return protocol;
}

PortRange container_ports(std::string_view text, const std::string& whole) {
  if (text.empty()) throw error(Kind::kInvalidArgument, "no port specified: {}<empty>", whole);
  const auto range = parse_range(text);
  if (!range || range->first == 0) {
    throw error(Kind::kInvalidArgument, "invalid containerPort: {}", text);
  }
  return *range;
}

}  // namespace

std::vector<core::PortBinding> parse_publish(const std::string& text) {
  std::string_view rest = text;
  const std::string protocol = take_protocol(rest, text);
  const std::size_t last_colon = rest.rfind(':');
  const PortRange inside =
      container_ports(last_colon == rest.npos ? rest : rest.substr(last_colon + 1), text);
  std::string_view outside = last_colon == rest.npos ? "" : rest.substr(0, last_colon);
  std::string ip;
  if (const std::size_t colon = outside.rfind(':'); colon != outside.npos) {
    ip = outside.substr(0, colon);
    outside = outside.substr(colon + 1);
    if (ip.starts_with('[') && ip.ends_with(']')) {
      ip = ip.substr(1, ip.size() - 2);
    } else if (ip.find(':') != ip.npos) {
      throw error(Kind::kInvalidArgument, "invalid IP address: {}", ip);
    }
  }
  std::vector<core::PortBinding> bindings;
  if (outside.empty()) {
    for (unsigned port = inside.first; port <= inside.last; ++port) {
      bindings.push_back({static_cast<std::uint16_t>(port), protocol, ip, 0});
    }
    return bindings;
  }
  const auto host = parse_range(outside);
  if (!host) throw error(Kind::kInvalidArgument, "invalid hostPort: {}", outside);
  if (inside.size() == 1 && host->size() > 1) {
    return {{.container_port = static_cast<std::uint16_t>(inside.first),
             .protocol = protocol,
             .host_ip = ip,
             .host_port = static_cast<std::uint16_t>(host->first),
             .host_port_last = static_cast<std::uint16_t>(host->last)}};
  }
  if (host->size() != inside.size()) {
    throw error(Kind::kInvalidArgument, "invalid ranges specified for container and host Ports: {}",
                text);
  }
  for (unsigned at = 0; at < inside.size(); ++at) {
    bindings.push_back({static_cast<std::uint16_t>(inside.first + at), protocol, ip,
                        static_cast<std::uint16_t>(host->first + at)});
  }
  return bindings;
}

std::vector<std::string> parse_expose(const std::string& text) {
  std::string_view rest = text;
  const std::string protocol = take_protocol(rest, text);
  if (rest.find(':') != rest.npos) {
    throw error(Kind::kInvalidArgument, "invalid port format for --expose: {}", text);
  }
  const PortRange range = container_ports(rest, text);
  std::vector<std::string> ports;
  for (unsigned port = range.first; port <= range.last; ++port) {
    ports.push_back(fmt::format("{}/{}", port, protocol));
  }
  return ports;
}

}  // namespace seatrial::engine_cli
