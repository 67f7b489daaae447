#include <arpa/inet.h>
#include <libnftnl/rule.h>  // before expr.h, which forgets to include stdio.h
//
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/network/transaction.h"

namespace seatrial::network {
namespace {

std::uint32_t register_of(std::uint32_t number) {
  return NFT_REG32_00 + number;
}

}  // namespace

InterfaceKey interface_key(std::string_view name) {
  InterfaceKey key{};
  std::copy_n(name.begin(), std::min(name.size(), key.size() - 1), key.begin());
  return key;
}

Rule::Rule(const std::string& chain) : rule_(::nftnl_rule_alloc(), &::nftnl_rule_free) {
  if (!rule_) throw error(Kind::kExhausted, "no memory for a rule");
  ::nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, NFPROTO_IPV4);
  ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, kTable);
  ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
}

nftnl_expr* Rule::add(const char* name) {
  nftnl_expr* expression = ::nftnl_expr_alloc(name);
  if (expression == nullptr) throw error(Kind::kExhausted, "no memory for a rule's {}", name);
  ::nftnl_rule_add_expr(rule_.get(), expression);  // which owns it from here
  return expression;
}

Rule& Rule::meta(std::uint32_t key, std::uint32_t to) {
  nftnl_expr* expression = add("meta");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, register_of(to));
  return *this;
}

Rule& Rule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length,
                    std::uint32_t to) {
  nftnl_expr* expression = add("payload");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, length);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, register_of(to));
  return *this;
}

Rule& Rule::network_header(std::uint32_t offset, std::uint32_t length, std::uint32_t to) {
  return payload(NFT_PAYLOAD_NETWORK_HEADER, offset, length, to);
}

Rule& Rule::transport_header(std::uint32_t offset, std::uint32_t length, std::uint32_t to) {
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, length, to);
}

Rule& Rule::local_destination() {
  nftnl_expr* expression = add("fib");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_DREG, register_of(0));
  const std::uint32_t local = RTN_LOCAL;
  return equals({reinterpret_cast<const char*>(&local), sizeof local});
}

Rule& Rule::connection(std::uint32_t key, std::uint32_t bits) {
  nftnl_expr* expression = add("ct");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, key);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, register_of(0));
  const std::uint32_t none = 0;
  nftnl_expr* mask = add("bitwise");
  ::nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, register_of(0));
  ::nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, register_of(0));
  ::nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, sizeof bits);
  ::nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof bits);
  ::nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, &none, sizeof none);
  return differs({reinterpret_cast<const char*>(&none), sizeof none});
}

Rule& Rule::compare(std::uint32_t operation, std::span<const char> value) {
  nftnl_expr* expression = add("cmp");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, register_of(0));
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, operation);
  ::nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, value.data(),
                   static_cast<std::uint32_t>(value.size()));
  return *this;
}

Rule& Rule::equals(std::span<const char> value) {
  return compare(NFT_CMP_EQ, value);
}

Rule& Rule::differs(std::span<const char> value) {
  return compare(NFT_CMP_NEQ, value);
}

Rule& Rule::masked_equals(std::uint32_t mask, std::uint32_t value) {
  const std::uint32_t none = 0;
  nftnl_expr* expression = add("bitwise");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, register_of(0));
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, register_of(0));
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, sizeof mask);
  ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof mask);
  ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, &none, sizeof none);
  return equals({reinterpret_cast<const char*>(&value), sizeof value});
}

Rule& Rule::lookup(const char* set, std::optional<std::uint32_t> to, std::uint32_t flags) {
  nftnl_expr* expression = add("lookup");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_SREG, register_of(0));
  ::nftnl_expr_set_str(expression, NFTNL_EXPR_LOOKUP_SET, set);
  if (to) ::nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_DREG, *to);
  if (flags != 0) ::nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_FLAGS, flags);
  return *this;
}

Rule& Rule::in_set(const char* set) {
  return lookup(set, {}, 0);
}

Rule& Rule::not_in_set(const char* set) {
  return lookup(set, {}, NFT_LOOKUP_F_INV);
}

Rule& Rule::map(const char* map) {
  return lookup(map, register_of(0), 0);
}

Rule& Rule::verdict_map(const char* map) {
  return lookup(map, NFT_REG_VERDICT, 0);
}

Rule& Rule::dnat() {
  nftnl_expr* expression = add("nat");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_ADDR_MIN, register_of(0));
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_PROTO_MIN, register_of(1));
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
  return *this;
}

Rule& Rule::masquerade() {
  add("masq");
  return *this;
}

Rule& Rule::verdict(int verdict, const std::string& chain) {
  nftnl_expr* expression = add("immediate");
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(verdict));
  if (!chain.empty()) ::nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, chain.c_str());
  return *this;
}

}  // namespace seatrial::network
