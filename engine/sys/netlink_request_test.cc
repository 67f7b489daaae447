#include "engine/sys/netlink_request.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "engine/base/error.h"
#include "engine/sys/netlink.h"

namespace seatrial::sys {
namespace {

TEST(NetlinkRequest, ReadsBackWhatItWrote) {
  ifinfomsg header{};
  header.ifi_index = 7;
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, header);
  request.put_text(IFLA_IFNAME, "eth0");  // 5 bytes: padded
  request.put_u32(IFLA_MTU, 1400);
  const auto& message = *reinterpret_cast<const nlmsghdr*>(request.bytes().data());
  EXPECT_EQ(message.nlmsg_type, RTM_SETLINK);
  EXPECT_EQ(message.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(message.nlmsg_len, request.bytes().size());
  EXPECT_EQ(header_of<ifinfomsg>(message).ifi_index, 7);
  const auto attributes = attributes_of(message, sizeof(ifinfomsg));
  ASSERT_EQ(attributes.size(), 2u);
  EXPECT_EQ(attributes[0].type, IFLA_IFNAME);
  EXPECT_EQ(attributes[0].text(), "eth0");
  EXPECT_EQ(attributes[1].type, IFLA_MTU);
  EXPECT_EQ(attributes[1].u32(), 1400u);
}

TEST(NetlinkRequest, IsUnderstoodByTheKernel) {
  NetlinkRequest request(RTM_GETLINK, 0, ifinfomsg{});
  request.put_text(IFLA_IFNAME, "lo");
  std::string name;
  const auto refusal = Netlink::route().send(request.bytes(), [&](const nlmsghdr& message) {
    for (const NetlinkAttribute& each : attributes_of(message, sizeof(ifinfomsg))) {
      if (each.type == IFLA_IFNAME) name = each.text();
    }
  });
  EXPECT_FALSE(refusal) << refusal->sys_errno;
  EXPECT_EQ(name, "lo");
}

TEST(NetlinkAttributes, OfAMessageThatLiesAboutItsLengthsEndThere) {
  NetlinkRequest request(RTM_NEWLINK, 0, ifinfomsg{});
  request.put_u32(IFLA_MTU, 1400);
  request.put_u32(IFLA_GROUP, 1);
  auto& message = *reinterpret_cast<nlmsghdr*>(request.bytes().data());
  auto& second = *reinterpret_cast<nlattr*>(request.bytes().data() + NLMSG_HDRLEN +
                                            sizeof(ifinfomsg) + 2 * NLA_HDRLEN);
  for (const auto length : std::initializer_list<std::uint16_t>{0, 3, 9, 65535}) {
    second.nla_len = length;
    EXPECT_EQ(attributes_of(message, sizeof(ifinfomsg)).size(), 1u) << length;
  }
  message.nlmsg_len = NLMSG_HDRLEN + 3;
  EXPECT_TRUE(attributes_of(message, sizeof(ifinfomsg)).empty());
  EXPECT_THROW(header_of<ifinfomsg>(message), Error);
}

}  // namespace
}  // namespace seatrial::sys
