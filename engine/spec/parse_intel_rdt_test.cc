#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/spec/print_config.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec {
namespace {

using seatrial::spec::testing::parse;
using seatrial::spec::testing::patched;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config with(const std::string& section) {
  return parse(patched(R"({"linux": {"intelRdt": )" + section + "}}"));
}

std::string refusal_of(const std::string& section) {
  try {
    with(section);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "none";
}

TEST(ParseIntelRdt, ReadsEveryProperty) {
  const IntelRdt rdt = with(R"({"closID": "gold", "l3CacheSchema": "L3:0=7f0;1=1f",
      "memBwSchema": "MB:0=20;1=70", "schemata": ["L2:0=f", "L3:1=3f"],
      "enableMonitoring": true})")
                           .linux_.intel_rdt.value();
  EXPECT_EQ(rdt.clos_id, "gold");
  EXPECT_TRUE(rdt.enable_monitoring);
  EXPECT_THAT(rdt.lines(), ElementsAre("L3:0=7f0;1=1f", "MB:0=20;1=70", "L2:0=f", "L3:1=3f"));
}

TEST(ParseIntelRdt, AnEmptyOneIsAWishAndNullIsNone) {
  EXPECT_THAT(with("{}").linux_.intel_rdt.value().lines(), IsEmpty());
  EXPECT_FALSE(with("null").linux_.intel_rdt);
  EXPECT_EQ(with(R"({"closID": "/"})").linux_.intel_rdt.value().clos_id, "/");
}

TEST(ParseIntelRdt, ABandwidthTakesThePlaceOfOneAmongTheCaches) {
  EXPECT_THAT(with(R"({"l3CacheSchema": "MB:0=10\nL3:0=f\n"})").linux_.intel_rdt->lines(),
              ElementsAre("MB:0=10", "L3:0=f"));
  EXPECT_THAT(with(R"({"l3CacheSchema": "MB:0=10\nL3:0=f", "memBwSchema": "MB:0=20"})")
                  .linux_.intel_rdt->lines(),
              ElementsAre("L3:0=f", "MB:0=20"));
}

TEST(ParseIntelRdt, IsPrintedAsItWasRead) {
  const Config once = with(R"({"closID": "a", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=10",
      "schemata": ["L2:0=1"], "enableMonitoring": true})");
  EXPECT_EQ(print_config(parse(print_config(once))), print_config(once));
  EXPECT_THAT(print_config(once), HasSubstr(R"("intelRdt":{"closID":"a","l3CacheSchema":"L3:0=f",)"
                                            R"("memBwSchema":"MB:0=10","schemata":["L2:0=1"],)"
                                            R"("enableMonitoring":true})"));
  EXPECT_THAT(print_config(with("{}")), HasSubstr(R"("intelRdt":{})"));
}

struct Refusal {
  std::string section;
  std::string path;
  std::string reason;
};

TEST(ParseIntelRdt, RefusesByPathWhatTheKernelOrTheSpecificationWouldNotHave) {
  for (const Refusal& each : std::initializer_list<Refusal>{
           {R"({"closID": "."})", "linux.intelRdt.closID", "no name of a directory"},
           {R"({"closID": "a/b"})", "linux.intelRdt.closID", "no name of a directory"},
           {R"({"closID": "a\nb"})", "linux.intelRdt.closID", "no name of a directory"},
           {R"({"closID": "info"})", "linux.intelRdt.closID", "is no class"},
           {R"({"closID": 3})", "linux.intelRdt.closID", "string"},
           {R"({"memBwSchema": "L3:0=f"})", "linux.intelRdt.memBwSchema", "begin with"},
           {R"({"memBwSchema": "MB:0=10\nMB:1=10"})", "linux.intelRdt.memBwSchema", "a newline"},
           {R"({"schemata": ["L3:0=f", "L3:0=f\n"]})", "linux.intelRdt.schemata[1]", "a newline"},
           {R"({"schemata": ["L3"]})", "linux.intelRdt.schemata[0]", "no line of a schemata"},
           {R"({"schemata": ["L3:"]})", "linux.intelRdt.schemata[0]", "no line of a schemata"},
           {R"({"schemata": ["L3:0=f;"]})", "linux.intelRdt.schemata[0]", "no line of a schemata"},
           {R"({"schemata": "L3:0=f"})", "linux.intelRdt.schemata", "array"},
           {R"({"l3CacheSchema": "0=ff"})", "linux.intelRdt.l3CacheSchema", "no line of a schem"},
           {R"({"l3CacheSchema": "\n"})", "linux.intelRdt.l3CacheSchema", "no line of a schemata"},
           {R"({"enableMonitoring": 1})", "linux.intelRdt.enableMonitoring", "true or false"},
       }) {
    EXPECT_THAT(refusal_of(each.section), AllOf(HasSubstr(each.path), HasSubstr(each.reason)));
  }
  EXPECT_THAT(refusal_of("{\"closID\": \"" + std::string(256, 'a') + "\"}"), HasSubstr("too long"));
  EXPECT_EQ(refusal_of("{\"closID\": \"" + std::string(255, 'a') + "\"}"), "none");
}

}  // namespace
}  // namespace seatrial::spec
