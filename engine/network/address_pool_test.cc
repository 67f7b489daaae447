#include "engine/network/address_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

AddressPool pool_of(const char* subnet) {
  const Subnet parsed = parse_subnet(subnet);
  return {parsed, AddressPool::default_gateway(parsed)};
}

template <typename Body>
std::string refusal_of(Body body) {
  try {
    body();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(AddressPool, HandsOutEachHostAddressOnce) {
  AddressPool pool = pool_of("10.1.0.0/29");
  std::set<std::string> seen;
  for (int count = 0; count < 5; ++count) seen.insert(to_string(pool.lease()));
  EXPECT_THAT(seen,
              testing::ElementsAre("10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"));
  EXPECT_EQ(refusal_of([&] { pool.lease(); }), "subnet 10.1.0.0/29 has no free address left");
}

TEST(AddressPool, HandsOutAddressesOfItsRangeOnly) {
  const Subnet subnet = parse_subnet("10.1.0.0/24");
  AddressPool pool(subnet, parse_ipv4("10.1.0.1"), parse_subnet("10.1.0.8/30"));
  pool.lease(parse_ipv4("10.1.0.200"));  // whoever asks for one by name may have it
  std::set<std::string> seen;
  for (int count = 0; count < 4; ++count) seen.insert(to_string(pool.lease()));
  EXPECT_THAT(seen, testing::ElementsAre("10.1.0.10", "10.1.0.11", "10.1.0.8", "10.1.0.9"));
  EXPECT_EQ(refusal_of([&] { pool.lease(); }),
            "address range 10.1.0.8/30 has no free address left");
  for (const char* range : {"10.2.0.0/30", "10.0.0.0/8"}) {
    EXPECT_THROW(AddressPool(subnet, parse_ipv4("10.1.0.1"), parse_subnet(range)), Error) << range;
  }
}

TEST(AddressPool, ReusesAReleasedAddressLast) {
  AddressPool pool = pool_of("10.1.0.0/29");
  const Ipv4 first = pool.lease();
  pool.release(first);
  EXPECT_EQ(to_string(pool.lease()), "10.1.0.3");
  for (int count = 0; count < 3; ++count) pool.lease();
  EXPECT_EQ(pool.lease(), first);
}

TEST(AddressPool, RefusesWhatIsTakenOrNoHostAddress) {
  AddressPool pool = pool_of("10.1.0.0/24");
  pool.lease(parse_ipv4("10.1.0.9"));
  EXPECT_EQ(refusal_of([&] { pool.lease(parse_ipv4("10.1.0.9")); }),
            "address 10.1.0.9 of subnet 10.1.0.0/24 is already in use");
  for (const char* address : {"10.1.0.0", "10.1.0.255", "10.1.1.1"}) {
    EXPECT_THROW(pool.lease(parse_ipv4(address)), Error) << address;
  }
  EXPECT_THROW(pool.lease(pool.gateway()), Error);
  pool.release(pool.gateway());
  EXPECT_TRUE(pool.is_leased(pool.gateway()));
}

TEST(AddressPool, RefusesSubnetsAndGatewaysThatMakeNoSense) {
  EXPECT_THROW(pool_of("10.1.0.0/31"), Error);
  EXPECT_THROW(pool_of("10.0.0.0/7"), Error);
  EXPECT_THROW(AddressPool(parse_subnet("10.1.0.0/24"), parse_ipv4("10.1.1.1")), Error);
  EXPECT_THROW(AddressPool(parse_subnet("10.1.0.0/24"), parse_ipv4("10.1.0.255")), Error);
  EXPECT_NO_THROW(pool_of("10.0.0.0/8"));
}

TEST(ChooseSubnet, SkipsWhatIsTaken) {
  EXPECT_EQ(to_string(choose_subnet({})), "172.17.0.0/16");
  const std::vector<Subnet> some{parse_subnet("172.17.4.0/24"), parse_subnet("172.18.0.0/16")};
  EXPECT_EQ(to_string(choose_subnet(some)), "172.19.0.0/16");
  const std::vector<Subnet> private_b{parse_subnet("172.16.0.0/12")};
  EXPECT_EQ(to_string(choose_subnet(private_b)), "192.168.0.0/20");
  const std::vector<Subnet> all{parse_subnet("172.16.0.0/12"), parse_subnet("192.168.0.0/16")};
  EXPECT_EQ(refusal_of([&] { choose_subnet(all); }),
            "every default subnet for networks is in use; give one");
}

}  // namespace
}  // namespace seatrial::network
