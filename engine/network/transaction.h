// nftables transactions and rules, built with libnftnl. Knows the kernel's words (chains, sets,
// expressions), nothing of networks.
//
// libnftnl and not libnftables, which parses a text and reads the whole ruleset first: see the
// README for what both cost.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sys/netlink.h"

struct nftnl_expr;
struct nftnl_rule;
struct nftnl_set_elem;

namespace seatrial::network {

inline constexpr const char* kTable = "seatrial";

// The kernel's 16-byte name of an interface, as sets hold it.
using InterfaceKey = std::array<char, 16>;
InterfaceKey interface_key(std::string_view name);

// The types that the `nft` program shows for what is in a set (its own numbering).
enum class FieldType : std::uint32_t {
  kAddress = 7,
  kProtocol = 12,
  kPort = 13,
  kInterface = 41,
};

struct SetSpec {
  const char* name = nullptr;
  std::vector<FieldType> key = {};
  std::vector<FieldType> data = {};  // of a map
  bool verdicts = false;             // a map to verdicts; `data` is empty then
};

struct Hook {
  const char* type = nullptr;  // "filter", "nat"
  std::uint32_t number = 0;    // NF_INET_...
  std::int32_t priority = 0;
};

struct Element {
  std::span<const char> key = {};
  std::span<const char> data = {};  // of a map
  std::string jump = {};            // of a verdict map: the chain
  std::string comment = {};
};

// One rule under construction: expressions in order. Registers are those of four bytes, 0 to 15.
class Rule {
 public:
  explicit Rule(const std::string& chain);

  Rule& meta(std::uint32_t key, std::uint32_t to = 0);
  Rule& network_header(std::uint32_t offset, std::uint32_t length, std::uint32_t to = 0);
  Rule& transport_header(std::uint32_t offset, std::uint32_t length, std::uint32_t to = 0);
  Rule& local_destination();                                // fib daddr type local
  Rule& connection(std::uint32_t key, std::uint32_t bits);  // any of these bits of ct KEY
  Rule& equals(std::span<const char> value);                // register 0
  Rule& differs(std::span<const char> value);
  Rule& masked_equals(std::uint32_t mask, std::uint32_t value);  // both in network byte order
  Rule& in_set(const char* set);
  Rule& not_in_set(const char* set);
  Rule& map(const char* map);  // data to register 0
  Rule& verdict_map(const char* map);
  Rule& dnat();  // address in register 0, port in register 1
  Rule& masquerade();
  Rule& verdict(int verdict, const std::string& chain = {});  // NF_ACCEPT, NFT_JUMP ...

  nftnl_rule* get() const { return rule_.get(); }

 private:
  nftnl_expr* add(const char* name);
  Rule& compare(std::uint32_t operation, std::span<const char> value);
  Rule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, std::uint32_t to);
  Rule& lookup(const char* set, std::optional<std::uint32_t> to, std::uint32_t flags);

  std::unique_ptr<nftnl_rule, void (*)(const nftnl_rule*)> rule_;
};

// Messages that the kernel takes all together or not at all.
class Transaction {
 public:
  // With a generation: refused (ERESTART) when the ruleset has changed since.
  explicit Transaction(std::optional<std::uint32_t> generation = {});

  void add_table();  // refused with EEXIST where there is one
  void delete_table();
  void add_set(const SetSpec& set);
  void add_chain(const std::string& name, std::optional<Hook> hook = {});
  void delete_chain(const std::string& name);  // and its rules
  void add_rule(const Rule& rule);
  void add_element(const char* set, const Element& element);
  void delete_element(const char* set, std::span<const char> key);

  bool empty() const { return messages_ == 0; }

  // Index of the message that was refused: 0 is the first of those above.
  std::optional<sys::Refusal> commit(sys::Netlink& netfilter);

 private:
  // The next message's header; `used` bytes of the buffer are complete. The builder's writes are
  // not checked by libnftnl, so a message has kRoom bytes.
  nlmsghdr* next(std::uint16_t type, std::uint16_t flags);
  void finish(const nlmsghdr* message);
  void element_message(std::uint16_t type, std::uint16_t flags, const char* set,
                       nftnl_set_elem* element);

  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t last_ = 0;  // where the last message begins
  std::size_t messages_ = 0;
};

}  // namespace seatrial::network
