#include "engine/cli/option_values.h"

#include <gmock/gmock.h>

#include "engine/cli/cli_fixture.h"
#include "engine/core/times.h"

namespace seatrial::engine_cli {
namespace {

using testing::ElementsAre;

std::string ports(const std::string& text) {
  std::string out;
  for (const core::PortBinding& each : parse_publish(text)) {
    const std::string last =
        each.host_port_last == 0 ? "" : fmt::format("-{}", each.host_port_last);
    out += fmt::format("{}{}|{}{}>{}/{}", out.empty() ? "" : " ", each.host_ip, each.host_port,
                       last, each.container_port, each.protocol);
  }
  return out;
}

TEST(Publish, TakesEveryForm) {
  EXPECT_EQ(ports("80"), "|0>80/tcp");
  EXPECT_EQ(ports("8080:80"), "|8080>80/tcp");
  EXPECT_EQ(ports("53:53/UDP"), "|53>53/udp");
  EXPECT_EQ(ports("127.0.0.1:8080:80"), "127.0.0.1|8080>80/tcp");
  EXPECT_EQ(ports("127.0.0.1::80"), "127.0.0.1|0>80/tcp");
  EXPECT_EQ(ports("[::1]:8080:80"), "::1|8080>80/tcp");
  EXPECT_EQ(ports("8000-8001:80-81"), "|8000>80/tcp |8001>81/tcp");
  EXPECT_EQ(ports("127.0.0.1:8000-8003:80/udp"), "127.0.0.1|8000-8003>80/udp");
  EXPECT_EQ(ports("8000-8003:80-83/udp"), "|8000>80/udp |8001>81/udp |8002>82/udp |8003>83/udp");
  EXPECT_EQ(ports("65535"), "|0>65535/tcp");
  EXPECT_EQ(ports("65534-65535"), "|0>65534/tcp |0>65535/tcp");
}

TEST(Publish, Refuses) {
  for (const char* text : {"", ":", "a", "0", "65536", "80/icmp", "8080:", "x:80", "1-2:80-82",
                           "::1:8080:80", "82-80", "-1", "80:80:80:80"}) {
    EXPECT_NE(refusal_of([&] { parse_publish(text); }), "(it was taken)") << text;
  }
  EXPECT_EQ(refusal_of([] { parse_publish("8080:0"); }), "invalid containerPort: 0");
  EXPECT_THAT(parse_expose("80-81/udp"), ElementsAre("80/udp", "81/udp"));
}

TEST(Signals, HaveNamesAndNumbers) {
  EXPECT_EQ(parse_signal("9"), 9);
  EXPECT_EQ(parse_signal("term"), 15);
  EXPECT_EQ(parse_signal("SIGHUP"), 1);
  EXPECT_EQ(parse_signal("RTMIN+3"), 37);
  EXPECT_EQ(parse_signal("SIGRTMAX-1"), 63);
  for (const char* text : {"", "0", "65", "FOO", "SIG", "RTMIN-1", "RTMIN+99"}) {
    EXPECT_EQ(refusal_of([&] { parse_signal(text); }), fmt::format("invalid signal: {}", text));
  }
}

TEST(Moments, AreDatesSecondsOrDurations) {
  const core::Time now = *core::parse_time("2026-01-02T03:04:05Z");
  const auto at = [&](const char* text) { return core::print_time(parse_moment(text, now)); };
  EXPECT_EQ(at("10m"), "2026-01-02T02:54:05Z");
  EXPECT_EQ(at("1h30m"), "2026-01-02T01:34:05Z");
  EXPECT_EQ(at("2026-01-01"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(at("2026-01-01T05:06"), "2026-01-01T05:06:00Z");
  EXPECT_EQ(at("2026-01-01T05:06:07.5Z"), "2026-01-01T05:06:07.5Z");
  EXPECT_EQ(at("0"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(at("1.25"), "1970-01-01T00:00:01.25Z");
  for (const char* text :
       {"", "yesterday", "10x", "2026-1x-01", "2026-13-01", "2026-02-30T01:02"}) {
    EXPECT_EQ(refusal_of([&] { parse_moment(text, now); }),
              fmt::format("failed to parse value as time or duration: \"{}\"", text));
  }
}

TEST(Ulimits, AreChecked) {
  EXPECT_EQ(parse_ulimit("nofile=5").hard, 5);
  EXPECT_EQ(parse_ulimit("core=0:-1").hard, -1);
  const std::string high = "ulimit soft limit must be less than or equal to hard limit: ";
  const std::string number = "strconv.ParseInt: parsing ";
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"nofile", "invalid ulimit argument: nofile"},
           {"foo=1", "invalid ulimit type: foo"},
           {"nofile=a", number + "\"a\": invalid syntax"},
           {"nofile=1:", number + "\"\": invalid syntax"},
           {"nofile=5:4", high + "5 > 4"},
           {"nofile=-1:4", high + "soft: -1 (unlimited), hard: 4"},
           {"nofile=1:2:3",
            "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"}}) {
    EXPECT_EQ(refusal_of([&] { parse_ulimit(text); }),
              fmt::format("invalid argument \"{}\" for \"--ulimit\" flag: {}", text, why));
  }
  for (const char* text : {"=5", "nofile=-2"}) {
    EXPECT_NE(refusal_of([&] { parse_ulimit(text); }), "(it was taken)") << text;
  }
}

TEST(Devices, HaveTargetsAndModes) {
  EXPECT_EQ(parse_device("/dev/a:r").permissions, "r");
  EXPECT_EQ(parse_device("/dev/a:/dev/b:rw").path_in_container, "/dev/b");
  for (const char* text : {"", "a", "/dev/a:b", "/dev/a:/b:x", "/dev/a:/b:r:w"}) {
    EXPECT_NE(refusal_of([&] { parse_device(text); }), "(it was taken)") << text;
  }
}

TEST(Filters, NeedAValue) {
  EXPECT_THAT(parse_filters({"label=a=b", "label=c"}).at("label"), ElementsAre("a=b", "c"));
  EXPECT_NE(refusal_of([] { parse_filters({"label"}); }), "(it was taken)");
}

}  // namespace
}  // namespace seatrial::engine_cli
