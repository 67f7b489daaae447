#include "engine/network/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seatrial::network {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(HostsFile, HasLocalhostAndTheEntriesInOrder) {
  const std::string text = hosts_file({{"10.1.0.2", {"7f3a", "web"}}, {"10.1.0.3", {"db"}}});
  EXPECT_THAT(text, StartsWith("127.0.0.1\tlocalhost\n::1\tlocalhost "));
  EXPECT_THAT(text, EndsWith("10.1.0.2\t7f3a web\n10.1.0.3\tdb\n"));
}

TEST(HostsFile, LeavesOutDoublesAndEmptyEntries) {
  const std::string text =
      hosts_file({{"10.1.0.2", {"web", "web"}}, {"10.1.0.2", {"web", "www"}}, {"10.1.0.9", {}}});
  EXPECT_THAT(text, EndsWith("10.1.0.2\tweb\n10.1.0.2\twww\n"));
}

TEST(ResolvConf, DropsLoopbackAndComments) {
  EXPECT_EQ(resolv_conf("# by hand\n"
                        "nameserver 127.0.0.53\n"
                        "  nameserver\t192.0.2.53  \n"
                        ";nameserver 192.0.2.54\n"
                        "nameserver ::1\n"
                        "nameserver 2001:db8::1\n"
                        "search example.org example.net\n"
                        "options edns0 trust-ad\n"
                        "options ndots:2"),
            "nameserver 192.0.2.53\nsearch example.org example.net\n"
            "options edns0 trust-ad ndots:2\n");
}

TEST(ResolvConf, FallsBackWhereNoNameserverIsLeft) {
  EXPECT_EQ(resolv_conf("nameserver 127.0.0.53\n"), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  EXPECT_EQ(resolv_conf("", {}, {}), "");
}

TEST(ResolvConf, TakesTheUsersWord) {
  const std::string host = "nameserver 192.0.2.53\nsearch example.org\noptions edns0\n";
  EXPECT_EQ(
      resolv_conf(
          host, {.nameservers = {"127.0.0.1"}, .search = {"corp.example"}, .options = {"ndots:5"}}),
      "nameserver 127.0.0.1\nsearch corp.example\noptions ndots:5\n");
  EXPECT_EQ(resolv_conf(host, {.search = {"."}}), "nameserver 192.0.2.53\noptions edns0\n");
}

TEST(ResolvConf, TheLastSearchOrDomainCounts) {
  EXPECT_THAT(resolv_conf("search a b\ndomain c d\n"), HasSubstr("search c\n"));
  EXPECT_THAT(resolv_conf("domain c\nsearch a b\n"), HasSubstr("search a b\n"));
}

}  // namespace
}  // namespace seatrial::network
