#include "engine/network/firewall.h"

#include <arpa/inet.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/ip.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <set>

#include "engine/base/error.h"
#include "engine/network/elements.h"
#include "engine/network/flows.h"
#include "engine/network/transaction.h"

#ifndef ERESTART
#define ERESTART 85  // glibc hides what system calls never return; netlink does
#endif

namespace seatrial::network {
namespace {

constexpr std::uint32_t kSourceOffset = offsetof(iphdr, saddr);
constexpr std::uint32_t kDestinationOffset = offsetof(iphdr, daddr);
constexpr std::uint32_t kPortOffset = 2;  // of the destination port, in TCP and UDP alike
constexpr int kTries = 20;

constexpr const char* kPorts = "ports";
constexpr const char* kPortsAny = "ports_any";
constexpr const char* kBridges = "bridges";    // of all networks
constexpr const char* kExternal = "external";  // of those that are not internal

// A network's chains, and the verdict maps that lead to them by its bridge's name.
struct NetworkChain {
  const char* map;
  const char* prefix;
};
constexpr NetworkChain kFrom{"from", "from-"};
constexpr NetworkChain kTo{"to", "to-"};
constexpr NetworkChain kSource{"source", "source-"};

std::string chain_name(const NetworkChain& chain, std::string_view bridge) {
  return fmt::format("{}{}", chain.prefix, bridge);
}

Rule to_loopback(const std::string& chain, std::uint32_t offset) {
  Rule rule(chain);
  rule.network_header(offset, 4).masked_equals(::htonl(0xff000000U), ::htonl(0x7f000000U));
  return rule;
}

void add_sets(Transaction& transaction) {
  using enum FieldType;
  transaction.add_set({.name = kBridges, .key = {kInterface}});
  transaction.add_set({.name = kExternal, .key = {kInterface}});
  transaction.add_set(
      {.name = kPorts, .key = {kProtocol, kAddress, kPort}, .data = {kAddress, kPort}});
  transaction.add_set({.name = kPortsAny, .key = {kProtocol, kPort}, .data = {kAddress, kPort}});
  for (const NetworkChain& chain : {kFrom, kTo, kSource}) {
    transaction.add_set({.name = chain.map, .key = {kInterface}, .verdicts = true});
  }
}

void add_base_chains(Transaction& transaction) {
  transaction.add_chain("publish");
  transaction.add_chain("guard", Hook{"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW});
  transaction.add_chain("prerouting", Hook{"nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST});
  transaction.add_chain("output", Hook{"nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST});
  transaction.add_chain("postrouting", Hook{"nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC});
  transaction.add_chain("forward", Hook{"filter", NF_INET_FORWARD, NF_IP_PRI_FILTER});
}

void add_base_rules(Transaction& transaction) {
  transaction.add_rule(Rule("publish")
                           .meta(NFT_META_L4PROTO, 0)
                           .network_header(kDestinationOffset, 4, 1)
                           .transport_header(kPortOffset, 2, 2)
                           .map(kPorts)
                           .dnat());
  transaction.add_rule(Rule("publish")
                           .meta(NFT_META_L4PROTO, 0)
                           .transport_header(kPortOffset, 2, 1)
                           .map(kPortsAny)
                           .dnat());
  transaction.add_rule(to_loopback("guard", kDestinationOffset)
                           .meta(NFT_META_IIFNAME)
                           .in_set(kBridges)
                           .verdict(NF_DROP));
  for (const char* chain : {"prerouting", "output"}) {
    transaction.add_rule(Rule(chain).local_destination().verdict(NFT_JUMP, "publish"));
  }
  transaction.add_rule(Rule("postrouting").meta(NFT_META_OIFNAME).verdict_map(kSource.map));
  transaction.add_rule(Rule("postrouting")
                           .meta(NFT_META_IIFNAME)
                           .in_set(kExternal)
                           .meta(NFT_META_OIFNAME)
                           .not_in_set(kBridges)
                           .masquerade());
  transaction.add_rule(Rule("forward").meta(NFT_META_IIFNAME).verdict_map(kFrom.map));
  transaction.add_rule(Rule("forward").meta(NFT_META_OIFNAME).verdict_map(kTo.map));
}

void add_network_rules(Transaction& transaction, const NetworkRules& network,
                       std::span<const char> bridge) {
  const std::string from = chain_name(kFrom, network.bridge);
  transaction.add_rule(Rule(from).meta(NFT_META_OIFNAME).equals(bridge).verdict(NF_ACCEPT));
  if (network.internal) {
    transaction.add_rule(Rule(from).verdict(NF_DROP));
  } else {
    transaction.add_rule(Rule(from).meta(NFT_META_OIFNAME).in_set(kBridges).verdict(NF_DROP));
  }

  const std::string to = chain_name(kTo, network.bridge);
  if (!network.internal) {
    transaction.add_rule(Rule(to)
                             .connection(NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) |
                                                           NF_CT_STATE_BIT(IP_CT_RELATED))
                             .verdict(NF_ACCEPT));
    transaction.add_rule(Rule(to).connection(NFT_CT_STATUS, IPS_DST_NAT).verdict(NF_ACCEPT));
  }
  transaction.add_rule(Rule(to).verdict(NF_DROP));

  const std::string source = chain_name(kSource, network.bridge);
  transaction.add_rule(to_loopback(source, kSourceOffset).masquerade());
  transaction.add_rule(
      Rule(source)
          .network_header(kSourceOffset, 4)
          .masked_equals(::htonl(network.subnet.mask()), ::htonl(network.subnet.base.value))
          .connection(NFT_CT_STATUS, IPS_DST_NAT)
          .masquerade());
}

const char* map_of(const PublishedPort& port) {
  return port.host_address.is_any() ? kPortsAny : kPorts;
}

}  // namespace

std::string to_string(const PublishedPort& port) {
  return fmt::format("{}:{}/{}", to_string(port.host_address), port.host_port,
                     port.protocol == Protocol::kTcp ? "tcp" : "udp");
}

Firewall::Firewall() : netfilter_(sys::Netlink::netfilter()) {}

void Firewall::ensure_table() {
  Transaction transaction;
  transaction.add_table();
  add_sets(transaction);
  add_base_chains(transaction);
  add_base_rules(transaction);
  // A table that exists is complete: it was made in one transaction.
  const auto refusal = transaction.commit(netfilter_);
  if (!refusal || (refusal->sys_errno == EEXIST && refusal->message == 0)) return;
  throw to_error(*refusal, fmt::format("make the nftables table {}", kTable));
}

void Firewall::add_network(const NetworkRules& network) {
  const InterfaceKey bridge = interface_key(network.bridge);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    ensure_table();
    Transaction transaction;
    transaction.add_element(kBridges, {.key = bridge});
    if (!network.internal) transaction.add_element(kExternal, {.key = bridge});
    for (const NetworkChain& chain : {kFrom, kTo, kSource}) {
      transaction.add_chain(chain_name(chain, network.bridge));
    }
    add_network_rules(transaction, network, bridge);
    for (const NetworkChain& chain : {kFrom, kTo, kSource}) {
      transaction.add_element(chain.map,
                              {.key = bridge, .jump = chain_name(chain, network.bridge)});
    }
    const auto refusal = transaction.commit(netfilter_);
    if (!refusal) return;
    // ENOENT: another process removed the last network, and the table with it, meanwhile.
    if (refusal->sys_errno != ENOENT) {
      throw to_error(*refusal, fmt::format("add the rules of bridge {}", network.bridge));
    }
  }
  throw error(Kind::kUnavailable, "the nftables table {} keeps disappearing", kTable);
}

void Firewall::remove_network(std::string_view name) {
  const InterfaceKey bridge = interface_key(name);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const std::uint32_t seen = generation();
    const std::vector<std::string> present = bridges();
    if (std::ranges::find(present, name) == present.end()) return;
    Transaction transaction(seen);
    if (present.size() == 1) {
      transaction.delete_table();
    } else {
      const std::vector<std::string> external = interfaces_in(netfilter_, kExternal);
      for (const NetworkChain& chain : {kFrom, kTo, kSource}) {
        transaction.delete_element(chain.map, bridge);
        transaction.delete_chain(chain_name(chain, name));
      }
      if (std::ranges::find(external, name) != external.end()) {
        transaction.delete_element(kExternal, bridge);
      }
      transaction.delete_element(kBridges, bridge);
    }
    const auto refusal = transaction.commit(netfilter_);
    if (!refusal) return;
    // ERESTART: the ruleset is not the one that we looked at any more.
    if (refusal->sys_errno != ERESTART) {
      throw to_error(*refusal, fmt::format("remove the rules of bridge {}", name));
    }
  }
  throw error(Kind::kUnavailable, "the nftables ruleset kept changing while bridge {} was removed",
              name);
}

void Firewall::publish(std::span<const Publication> wanted) {
  if (wanted.empty()) return;
  Transaction transaction;
  for (const Publication& each : wanted) {
    const PortElement element(each);
    transaction.add_element(
        map_of(each.port),
        {.key = element.key(), .data = element.data(), .comment = element.comment()});
  }
  const auto refusal = transaction.commit(netfilter_);
  if (!refusal) return;
  if (refusal->sys_errno != EEXIST) throw to_error(*refusal, "publish ports");
  const PublishedPort& port = wanted[std::min(refusal->message, wanted.size() - 1)].port;
  throw error(Kind::kConflict, "port {} is already published", to_string(port));
}

void Firewall::unpublish(std::span<const Publication> gone) {
  std::set<Ipv4> senders;
  for (const Publication& each : gone) {
    const PortElement element(each);
    Transaction transaction;
    transaction.delete_element(map_of(each.port), element.key());
    const auto refusal = transaction.commit(netfilter_);
    if (refusal && refusal->sys_errno != ENOENT) {
      throw to_error(*refusal, fmt::format("take back port {}", to_string(each.port)));
    }
    if (each.port.protocol == Protocol::kUdp) senders.insert(each.container_address);
  }
  for (const Ipv4 each : senders) forget_udp_flows(netfilter_, each);
}

std::vector<Publication> Firewall::publications() {
  std::vector<Publication> found = publications_in(netfilter_, kPorts, /*any=*/false);
  std::vector<Publication> any = publications_in(netfilter_, kPortsAny, /*any=*/true);
  std::ranges::move(any, std::back_inserter(found));
  return found;
}

std::vector<std::string> Firewall::bridges() {
  return interfaces_in(netfilter_, kBridges);
}

std::uint32_t Firewall::generation() {
  alignas(nlmsghdr) char request[64];
  const nlmsghdr* header = ::nftnl_nlmsg_build_hdr(request, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, 0);
  std::uint32_t value = 0;
  const auto refusal =
      netfilter_.send(std::span(request).first(header->nlmsg_len),
                      [&](const nlmsghdr& answer) { value = generation_in(answer); });
  if (refusal) throw to_error(*refusal, "read the generation of the nftables ruleset");
  return value;
}

}  // namespace seatrial::network
