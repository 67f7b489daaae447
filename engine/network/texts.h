// The texts of a container's /etc/hosts and /etc/resolv.conf. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/network/address.h"

namespace seatrial::network {

// A line of /etc/hosts.
struct HostEntry {
  std::string address = {};  // IPv4 or IPv6
  std::vector<std::string> names = {};
};

// The lines that every container has (localhost, the IPv6 groups), then these in order. Entries
// without names are left out, and so is a name that an earlier entry of the same address has.
std::string hosts_file(const std::vector<HostEntry>& entries);

// What the user asks for in place of the host's; an empty list keeps the host's lines.
struct ResolverSettings {
  std::vector<std::string> nameservers = {};
  std::vector<std::string> search = {};
  std::vector<std::string> options = {};
};

// resolv.conf(5) for a container, from the host's. Nameservers of the host's loopback (127.0.0.0/8,
// ::1) are dropped, because inside a container they are the container itself, and so are those with
// IPv6 addresses, which no network of ours reaches; where none is left, `fallback` stands in, and
// where that is empty too, there is none. Comments are dropped. Settings are the user's word: they
// are taken as they are, loopback too. As in the resolver, the last search or domain line counts.
std::string resolv_conf(std::string_view host_file, const ResolverSettings& settings = {},
                        const std::vector<std::string>& fallback = {"8.8.8.8", "8.8.4.4"});

}  // namespace seatrial::network
