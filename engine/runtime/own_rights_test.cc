#include "engine/runtime/own_rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

using testing::HasSubstr;

TEST(OwnRights, ReadsTheKernelsMaps) {
  const auto map =
      parse_id_map("         0       1000          1\n         1     100000      65536\n");
  ASSERT_EQ(map.size(), 2U);
  EXPECT_EQ(map[0].host_id, 1000U);
  EXPECT_EQ(map[1].container_id, 1U);
  EXPECT_EQ(map[1].host_id, 100000U);
  EXPECT_EQ(map[1].size, 65536U);
  EXPECT_EQ(parse_id_map("0 0 4294967295\n").front().size, 4294967295U);
  EXPECT_TRUE(parse_id_map("").empty());
  EXPECT_THROW(parse_id_map("0 0\n"), Error);
  EXPECT_THROW(parse_id_map("x"), Error);
  EXPECT_THROW(parse_id_map("0 1000 1 1 100000 65536\n"), Error) << "two in a line";
}

TEST(OwnRights, KnowsTheMapThatNeedsNone) {
  EXPECT_TRUE(is_own_id_alone({{.container_id = 5, .host_id = 1000, .size = 1}}, 1000));
  EXPECT_FALSE(is_own_id_alone({{.container_id = 0, .host_id = 1001, .size = 1}}, 1000));
  EXPECT_FALSE(is_own_id_alone({{.container_id = 0, .host_id = 1000, .size = 2}}, 1000));
  EXPECT_FALSE(is_own_id_alone({}, 1000));
}

TEST(OwnRights, AskForAUserNamespaceWhereTheyAreNone) {
  spec::Config config;
  plan::HostFacts facts;
  EXPECT_NO_THROW(check_rights(config, facts));
  facts.own_capabilities = ~(std::uint64_t{1} << CAP_SYS_ADMIN);
  EXPECT_NO_THROW(check_rights(config, facts)) << "a chroot is all";
  config.linux_.namespaces = {{.type = spec::NamespaceType::kMount}};
  try {
    check_rights(config, facts);
    FAIL() << "nothing was refused";
  } catch (const Error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("linux.namespaces: an entry of type user is needed"));
  }
  config.linux_.namespaces = {{.type = spec::NamespaceType::kUser}};
  config.linux_.gid_mappings = {{.container_id = 0, .host_id = 1, .size = 5}};
  EXPECT_NO_THROW(check_rights(config, facts));
  config.linux_.namespaces.clear();
  facts.own_capabilities = 0;
  EXPECT_THROW(check_rights(config, facts), Error) << "not even that";
}

}  // namespace
}  // namespace seatrial::runtime
