// What is read with a known profile is what is read without, whatever the document.
#include "engine/spec/known_seccomp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spec/print_config.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec::testing {
namespace {

// With brackets and quotes in strings, where a scanner could go wrong.
constexpr std::string_view kProfile = R"({ "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [{"names": ["read", "}]", "\"{\\"], "action": "SCMP_ACT_ALLOW",
                "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]}] })";

// A document whose `linux` has `members`, beside a process and what else stands in the root.
std::string document(std::string_view members, std::string_view others = "") {
  return R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"},
  "process": {"cwd": "/", "args": ["a\\", "]}\"", "linux"], "user": {"uid": 0, "gid": 0}},)" +
         std::string(others) + "\n  \"linux\": {" + std::string(members) + "}}";
}

std::string with_profile(std::string_view profile) {
  return document("\"seccomp\": " + std::string(profile));
}

std::string meaning(std::string_view json, KnownSeccomp* known) {
  try {
    return print_config(parse_config(json, {.bundle = "/bundle", .known_seccomp = known}));
  } catch (const Error& failure) {
    return failure.what();
  }
}

class KnownSeccompTest : public ::testing::Test {
 protected:
  KnownSeccompTest() { meaning(with_profile(kProfile), &known); }

  bool is_cut(const std::string& json) const { return known.cut_from(json).has_value(); }
  void expect_same_meaning(const std::string& json) {
    const std::string alone = meaning(json, nullptr);
    EXPECT_EQ(meaning(json, &known), alone) << json;
    EXPECT_EQ(meaning(json, &known), alone) << "after it may have been remembered: " << json;
  }

  KnownSeccomp known;
};

TEST_F(KnownSeccompTest, NothingIsKnownAtFirst) {
  EXPECT_FALSE(KnownSeccomp().cut_from(with_profile(kProfile)));
}

TEST_F(KnownSeccompTest, TheProfileIsNotParsedAgain) {
  const std::string json = with_profile(kProfile);
  const auto cut = known.cut_from(json);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->json, with_profile("null"));
  EXPECT_EQ(cut->profile, parse(json).linux_.seccomp);
}

TEST_F(KnownSeccompTest, ItMayStandAnywhereAmongTheMembers) {
  const std::string member = "\"seccomp\" :\n\t" + std::string(kProfile);
  for (const std::string& json :
       {document(member),
        document(R"("maskedPaths": ["/a]", "/\\\"{"], "resources": {"pids": {"limit": 5}},)" +
                 member),
        document(R"("resources":{"pids":{"limit":5},"devices":[{"allow":false}]},)" + member),
        document(member + R"(, "readonlyPaths": ["/proc/sys"])"),
        document(member, R"("annotations": {"linux": "{\"seccomp\": 1}", "a": "]"},)"),
        document(member, R"("hostname": null, "unheardOf": [{}, [], [1, -2.5e3, true], "x"],)"),
        document(member, R"("unheardOf": {"linux": {"seccomp": {}}},)")}) {
    EXPECT_TRUE(is_cut(json)) << json;
    expect_same_meaning(json);
  }
}

TEST_F(KnownSeccompTest, WhatIsNotTheProfileIsLeftWhereItIs) {
  const std::string profile(kProfile);
  std::string other = profile;
  other.replace(other.find("read"), 4, "reax");
  for (const std::string& json :
       {with_profile("null"), with_profile(other), with_profile(other + ", \"x\": " + profile),
        with_profile("[" + profile + "]"), document("\"x\": {\"seccomp\": " + profile + "}"),
        document("\"seccom\\u0070\": " + profile), document("", "\"seccomp\": " + profile + ","),
        document("", "\"x\": {\"linux\": {\"seccomp\": " + profile + "}},"),
        document("\"maskedPaths\": [\"\\\"seccomp\\\": " + std::string("{") + "\"]")}) {
    meaning(with_profile(kProfile), &known);  // an earlier one's may be known by now
    EXPECT_FALSE(is_cut(json)) << json;
    expect_same_meaning(json);
  }
}

TEST_F(KnownSeccompTest, ARefusalSpeaksOfTheWholeDocument) {
  const std::string profile(kProfile);
  const std::string member = "\"seccomp\": " + profile;
  const std::string good = with_profile(profile);
  for (const std::string& json :
       {good.substr(0, good.size() - 1), good + "}", with_profile(profile + "}"),
        with_profile(profile + " {}"), document(member + ", " + member),
        document(member + "}, \"linux\": {"), document(member + ", \"seccomp\": null"),
        document(member + ", \"maskedPaths\": [\"relative\"]"), document(member, "\"x\": \xff,"),
        document(member, "\"a\\\": {},"), document(member, "\"a\": {]},"), document(member, ": ,"),
        document("\"x\": tru, " + member), std::string("[") + good + "]"}) {
    expect_same_meaning(json);
    EXPECT_THAT(meaning(json, &known), ::testing::StartsWith("config.json: ")) << json;
  }
}

TEST_F(KnownSeccompTest, NoBeginningOfADocumentIsReadBeyond) {
  const std::string good = with_profile(kProfile);
  for (std::size_t length = 0; length < good.size(); ++length) {
    expect_same_meaning(good.substr(0, length));
    KnownSeccomp().remember(std::string(good, 0, length), {});
  }
}

TEST_F(KnownSeccompTest, TheLastOneIsKnown) {
  constexpr std::string_view kOther = R"({"defaultAction":"SCMP_ACT_LOG"})";
  meaning(with_profile(kOther), &known);
  EXPECT_TRUE(is_cut(with_profile(kOther)));
  EXPECT_FALSE(is_cut(with_profile(kProfile)));
  expect_same_meaning(with_profile(kProfile));
  expect_same_meaning(with_profile(kOther));
}

}  // namespace
}  // namespace seatrial::spec::testing
