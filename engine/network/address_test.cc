#include "engine/network/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::network {
namespace {

TEST(Address, ComesBackFromItsText) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "172.17.0.2", "255.255.255.255"}) {
    EXPECT_EQ(to_string(parse_ipv4(text)), text);
  }
  EXPECT_EQ(parse_ipv4("1.2.3.4").value, 0x01020304U);
}

TEST(Address, BrokenTextIsRefused) {
  for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ",
                           "-1.2.3.4", "1..2.3", "a.b.c.d", "1.2.3.", "::1"}) {
    EXPECT_THROW(parse_ipv4(text), Error) << text;
  }
}

TEST(SubnetText, ComesBack) {
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.168.16.0/20", "10.1.2.3/32"}) {
    EXPECT_EQ(to_string(parse_subnet(text)), text);
  }
}

TEST(SubnetText, BrokenTextIsRefused) {
  for (const char* text : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "/8",
                           "10.0.0.0/8/8", "fd00::/8"}) {
    EXPECT_THROW(parse_subnet(text), Error) << text;
  }
  try {
    parse_subnet("10.1.2.3/16");
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.what(), "subnet 10.1.2.3/16 has host bits set; 10.1.0.0/16 is meant");
  }
}

TEST(SubnetText, ContainsAndOverlaps) {
  const Subnet wide = parse_subnet("10.1.0.0/16");
  EXPECT_TRUE(wide.contains(parse_ipv4("10.1.255.255")));
  EXPECT_FALSE(wide.contains(parse_ipv4("10.2.0.0")));
  EXPECT_EQ(to_string(wide.broadcast()), "10.1.255.255");
  EXPECT_TRUE(wide.overlaps(parse_subnet("10.1.7.0/24")));
  EXPECT_TRUE(parse_subnet("10.1.7.0/24").overlaps(wide));
  EXPECT_FALSE(wide.overlaps(parse_subnet("10.2.0.0/16")));
  EXPECT_TRUE(parse_subnet("0.0.0.0/0").overlaps(wide));
}

TEST(MacText, ComesBackAndFollowsFromTheAddress) {
  EXPECT_EQ(to_string(parse_mac("02:42:ac:11:00:02")), "02:42:ac:11:00:02");
  EXPECT_EQ(to_string(mac_of(parse_ipv4("172.17.0.2"))), "02:42:ac:11:00:02");
  for (const char* text : {"", "02:42:ac:11:00", "02:42:ac:11:00:0g", "02-42-ac-11-00-02",
                           "03:42:ac:11:00:02", "00:00:00:00:00:00", "02:42:ac:11:00:02:"}) {
    EXPECT_THROW(parse_mac(text), Error) << text;
  }
}

}  // namespace
}  // namespace seatrial::network
