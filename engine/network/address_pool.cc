#include "engine/network/address_pool.h"

#include <algorithm>

#include "engine/base/error.h"

namespace seatrial::network {

AddressPool::AddressPool(Subnet subnet, Ipv4 gateway, Subnet range)
    : subnet_(subnet), gateway_(gateway), range_(range) {
  if (subnet.prefix < 8 || subnet.prefix > 30) {
    throw error(Kind::kInvalidArgument, "subnet {}: the prefix must be 8 to 30", to_string(subnet));
  }
  if (!is_host_address(gateway)) {
    throw error(Kind::kInvalidArgument, "gateway {} is not a host address of subnet {}",
                to_string(gateway), to_string(subnet));
  }
  if (range.prefix < subnet.prefix || !subnet.contains(range.base)) {
    throw error(Kind::kInvalidArgument, "the address range {} does not lie in subnet {}",
                to_string(range), to_string(subnet));
  }
  leased_.resize(std::size_t{1} << (32 - subnet.prefix));
  leased_[offset(gateway)] = true;
}

bool AddressPool::is_host_address(Ipv4 address) const {
  return subnet_.contains(address) && address != subnet_.base && address != subnet_.broadcast();
}

Ipv4 AddressPool::lease() {
  const auto hosts = static_cast<std::uint32_t>(leased_.size() - 2);  // offsets 1 to hosts
  for (std::uint32_t step = 0; step < hosts; ++step) {
    const std::uint32_t candidate = (last_ + step) % hosts + 1;
    if (leased_[candidate] || !range_.contains({subnet_.base.value + candidate})) continue;
    leased_[candidate] = true;
    last_ = candidate;
    return {subnet_.base.value + candidate};
  }
  throw error(Kind::kExhausted, "{} {} has no free address left",
              range_ == subnet_ ? "subnet" : "address range", to_string(range_));
}

void AddressPool::lease(Ipv4 address) {
  if (!is_host_address(address)) {
    throw error(Kind::kInvalidArgument, "{} is not a host address of subnet {}", to_string(address),
                to_string(subnet_));
  }
  if (leased_[offset(address)]) {
    throw error(Kind::kConflict, "address {} of subnet {} is already in use", to_string(address),
                to_string(subnet_));
  }
  leased_[offset(address)] = true;
}

void AddressPool::release(Ipv4 address) {
  if (is_host_address(address) && address != gateway_) leased_[offset(address)] = false;
}

bool AddressPool::is_leased(Ipv4 address) const {
  return is_host_address(address) && leased_[offset(address)];
}

Subnet choose_subnet(std::span<const Subnet> taken) {
  const auto is_free = [&](const Subnet& candidate) {
    return std::ranges::none_of(taken,
                                [&](const Subnet& each) { return each.overlaps(candidate); });
  };
  for (std::uint32_t second = 17; second <= 31; ++second) {
    const Subnet candidate{.base = {172U << 24 | second << 16}, .prefix = 16};
    if (is_free(candidate)) return candidate;
  }
  for (std::uint32_t third = 0; third <= 255; third += 16) {
    const Subnet candidate{.base = {192U << 24 | 168U << 16 | third << 8}, .prefix = 20};
    if (is_free(candidate)) return candidate;
  }
  throw error(Kind::kExhausted, "every default subnet for networks is in use; give one");
}

}  // namespace seatrial::network
