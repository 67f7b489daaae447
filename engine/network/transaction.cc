#include "engine/network/transaction.h"

#include <arpa/inet.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

constexpr std::size_t kRoom = 4096;

template <typename Object>
using Owned = std::unique_ptr<Object, void (*)(const Object*)>;

template <typename Object>
Owned<Object> own(Object* object, void (*release)(const Object*)) {
  if (object == nullptr) throw error(Kind::kExhausted, "no memory for an nftables message");
  return {object, release};
}

// A field of a concatenated key fills whole registers of four bytes.
std::uint32_t size_of(FieldType type) {
  return type == FieldType::kInterface ? 16 : 4;
}

struct Shape {
  std::uint32_t type = 0;    // the fields' types, six bits each
  std::uint32_t length = 0;  // bytes
};

// The bytes that a field really has; alone in a key it is not padded.
std::uint32_t plain_size_of(FieldType type) {
  switch (type) {
    case FieldType::kProtocol:
      return 1;
    case FieldType::kPort:
      return 2;
    default:
      return size_of(type);
  }
}

Shape shape_of(const std::vector<FieldType>& fields) {
  Shape shape;
  for (const FieldType field : fields) {
    shape.type = shape.type << 6 | static_cast<std::uint32_t>(field);
    shape.length += fields.size() == 1 ? plain_size_of(field) : size_of(field);
  }
  return shape;
}

void set_user_comment(nftnl_set_elem* element, const std::string& comment) {
  const auto buffer = own(::nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN), &::nftnl_udata_buf_free);
  if (!::nftnl_udata_put_strz(buffer.get(), NFTNL_UDATA_SET_ELEM_COMMENT, comment.c_str())) {
    throw error(Kind::kInternal, "the comment \"{}\" is too long", comment);
  }
  ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, ::nftnl_udata_buf_data(buffer.get()),
                       ::nftnl_udata_buf_len(buffer.get()));
}

// Freed by the set that it is put into.
nftnl_set_elem* new_element(std::span<const char> key) {
  nftnl_set_elem* element = ::nftnl_set_elem_alloc();
  if (element == nullptr) throw error(Kind::kExhausted, "no memory for a set element");
  ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(),
                       static_cast<std::uint32_t>(key.size()));
  return element;
}

}  // namespace

Transaction::Transaction(std::optional<std::uint32_t> generation) {
  buffer_.resize(kRoom);
  nlmsghdr* begin = ::nftnl_batch_begin(buffer_.data(), 0);
  if (generation) {
    // libnftnl has no word for it: one attribute behind the header.
    auto* attribute = reinterpret_cast<nlattr*>(buffer_.data() + NLMSG_ALIGN(begin->nlmsg_len));
    attribute->nla_type = NFNL_BATCH_GENID;
    attribute->nla_len = NLA_HDRLEN + sizeof(std::uint32_t);
    const std::uint32_t value = ::htonl(*generation);
    std::memcpy(reinterpret_cast<char*>(attribute) + NLA_HDRLEN, &value, sizeof value);
    begin->nlmsg_len = NLMSG_ALIGN(begin->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
  }
  used_ = NLMSG_ALIGN(begin->nlmsg_len);
}

nlmsghdr* Transaction::next(std::uint16_t type, std::uint16_t flags) {
  buffer_.resize(used_ + kRoom);
  return ::nftnl_nlmsg_build_hdr(buffer_.data() + used_, type, NFPROTO_IPV4, flags, 0);
}

void Transaction::finish(const nlmsghdr* message) {
  last_ = used_;
  used_ += NLMSG_ALIGN(message->nlmsg_len);
  ++messages_;
}

void Transaction::add_table() {
  const auto table = own(::nftnl_table_alloc(), &::nftnl_table_free);
  ::nftnl_table_set_u32(table.get(), NFTNL_TABLE_FAMILY, NFPROTO_IPV4);
  ::nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, kTable);
  nlmsghdr* message = next(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  ::nftnl_table_nlmsg_build_payload(message, table.get());
  finish(message);
}

void Transaction::delete_table() {
  const auto table = own(::nftnl_table_alloc(), &::nftnl_table_free);
  ::nftnl_table_set_u32(table.get(), NFTNL_TABLE_FAMILY, NFPROTO_IPV4);
  ::nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, kTable);
  nlmsghdr* message = next(NFT_MSG_DELTABLE, 0);
  ::nftnl_table_nlmsg_build_payload(message, table.get());
  finish(message);
}

void Transaction::add_set(const SetSpec& spec) {
  const auto set = own(::nftnl_set_alloc(), &::nftnl_set_free);
  ::nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, kTable);
  ::nftnl_set_set_str(set.get(), NFTNL_SET_NAME, spec.name);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, NFPROTO_IPV4);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, static_cast<std::uint32_t>(messages_ + 1));
  const Shape key = shape_of(spec.key);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, key.type);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, key.length);
  std::uint32_t flags = 0;
  if (spec.verdicts) {
    flags |= NFT_SET_MAP;
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_LEN, 16);  // a register; the kernel ignores it
  } else if (!spec.data.empty()) {
    flags |= NFT_SET_MAP;
    const Shape data = shape_of(spec.data);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, data.type);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_LEN, data.length);
  }
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, flags);
  nlmsghdr* message = next(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
  ::nftnl_set_nlmsg_build_payload(message, set.get());
  finish(message);
}

void Transaction::add_chain(const std::string& name, std::optional<Hook> hook) {
  const auto chain = own(::nftnl_chain_alloc(), &::nftnl_chain_free);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, kTable);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  if (hook) {
    ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, hook->type);
    ::nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook->number);
    ::nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, hook->priority);
    ::nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  }
  nlmsghdr* message = next(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  ::nftnl_chain_nlmsg_build_payload(message, chain.get());
  finish(message);
}

void Transaction::delete_chain(const std::string& name) {
  const auto chain = own(::nftnl_chain_alloc(), &::nftnl_chain_free);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, kTable);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  nlmsghdr* message = next(NFT_MSG_DELCHAIN, 0);
  ::nftnl_chain_nlmsg_build_payload(message, chain.get());
  finish(message);
}

void Transaction::add_rule(const Rule& rule) {
  nlmsghdr* message = next(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  ::nftnl_rule_nlmsg_build_payload(message, rule.get());
  finish(message);
}

void Transaction::element_message(std::uint16_t type, std::uint16_t flags, const char* name,
                                  nftnl_set_elem* element) {
  const auto set = own(::nftnl_set_alloc(), &::nftnl_set_free);
  ::nftnl_set_elem_add(set.get(), element);
  ::nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, kTable);
  ::nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name);
  nlmsghdr* message = next(type, flags);
  ::nftnl_set_elems_nlmsg_build_payload(message, set.get());
  finish(message);
}

void Transaction::add_element(const char* set, const Element& element) {
  nftnl_set_elem* made = new_element(element.key);
  if (!element.data.empty()) {
    ::nftnl_set_elem_set(made, NFTNL_SET_ELEM_DATA, element.data.data(),
                         static_cast<std::uint32_t>(element.data.size()));
  }
  if (!element.jump.empty()) {
    ::nftnl_set_elem_set_u32(made, NFTNL_SET_ELEM_VERDICT, static_cast<std::uint32_t>(NFT_JUMP));
    ::nftnl_set_elem_set_str(made, NFTNL_SET_ELEM_CHAIN, element.jump.c_str());
  }
  if (!element.comment.empty()) set_user_comment(made, element.comment);
  element_message(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set, made);
}

void Transaction::delete_element(const char* set, std::span<const char> key) {
  element_message(NFT_MSG_DELSETELEM, 0, set, new_element(key));
}

std::optional<sys::Refusal> Transaction::commit(sys::Netlink& netfilter) {
  // One acknowledgement is enough: the kernel tells of refused messages in any case, and a thousand
  // acknowledgements would not fit into the socket's buffer.
  reinterpret_cast<nlmsghdr*>(buffer_.data() + last_)->nlmsg_flags |= NLM_F_ACK;
  buffer_.resize(used_ + kRoom);
  const nlmsghdr* end = ::nftnl_batch_end(buffer_.data() + used_, 0);
  const std::size_t size = used_ + NLMSG_ALIGN(end->nlmsg_len);
  auto refusal = netfilter.send(std::span(buffer_).first(size));
  if (refusal && refusal->message > 0)
    --refusal->message;  // the batch's begin is no message of ours
  return refusal;
}

}  // namespace seatrial::network
