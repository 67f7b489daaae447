#include "engine/core/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/core/devices.h"
#include "engine/core/filters.h"

namespace seatrial::core {
namespace {

using testing::ElementsAre;

TEST(Changes, InstructionsSetTheirField) {
  spec::RunConfig config;
  for (const char* text :
       {"CMD [\"a\", \"b c\"]", "entrypoint x y", "ENV A=1 B=\"2 3\" C='4'", "ENV D e f",
        "LABEL l=v", "EXPOSE 80 53/udp", "VOLUME /a /b", "VOLUME [\"/c d\"]", "USER web",
        "WORKDIR /w", "STOPSIGNAL SIGINT", "ONBUILD RUN x"}) {
    apply_change(text, config);
  }
  EXPECT_THAT(config.cmd, ElementsAre("a", "b c"));
  EXPECT_THAT(config.entrypoint, ElementsAre("/bin/sh", "-c", "x y"));
  EXPECT_THAT(config.env, ElementsAre("A=1", "B=2 3", "C=4", "D=e f"));
  EXPECT_EQ(config.labels.at("l"), "v");
  EXPECT_THAT(config.exposed_ports, ElementsAre("53/udp", "80/tcp"));
  EXPECT_THAT(config.volumes, ElementsAre("/a", "/b", "/c d"));
  EXPECT_EQ(config.user, "web");
  EXPECT_EQ(config.stop_signal, "SIGINT");
}

TEST(Changes, WordsAreReadAsDockerfilesAre) {
  spec::RunConfig config;
  for (const char* text :
       {"ENV A \"x y\"", "ENV B=a\\ b C='d\\e' D=\"f \\\"g\\\" \\h\"",
        "LABEL \"l m\"=\"n\" o=p\"q r\"s", "WORKDIR \"/a b\"", "VOLUME \"/c d\" /e"}) {
    apply_change(text, config);
  }
  EXPECT_THAT(config.env, ElementsAre("A=x y", "B=a b", "C=d\\e", "D=f \"g\" \\h"));
  EXPECT_EQ(config.labels.at("l m"), "n");
  EXPECT_EQ(config.labels.at("o"), "pq rs");
  EXPECT_EQ(config.working_dir, "/a b");
  EXPECT_THAT(config.volumes, ElementsAre("/c d", "/e"));
}

TEST(Changes, VariablesComeFromTheEnvironment) {
  spec::RunConfig config{.env = {"A=1", "AB=two words", "EMPTY=", "P=80"}};
  for (const char* text :
       {"ENV C=$A/${A}x D='$A' E=\"$AB\" F=\\$A G=${NO:-none$A} H=${A:+set} I=${NO:+set}",
        "ENV A=9 J=$A", "ENV K $AB!", "ENV L=${EMPTY:-e} M=$NO. N=$ O=\"\\$A\"", "LABEL $C=${A}",
        "EXPOSE $P 8${A:+1}/udp", "USER ${AB}", "WORKDIR /w/$A", "VOLUME [\"/v$A\"]", "VOLUME /x$P",
        "STOPSIGNAL ${SIGNAL:-SIGINT}", "CMD echo $A", "ENTRYPOINT [\"$A\"]"}) {
    apply_change(text, config);
  }
  EXPECT_THAT(config.env, ElementsAre("A=9", "AB=two words", "EMPTY=", "P=80", "C=1/1x", "D=$A",
                                      "E=two words", "F=$A", "G=none1", "H=set", "I=", "J=1",
                                      "K=two words!", "L=e", "M=.", "N=$", "O=$A"));
  EXPECT_EQ(config.labels.at("1/1x"), "9");
  EXPECT_THAT(config.exposed_ports, ElementsAre("80/tcp", "81/udp"));
  EXPECT_EQ(config.user, "two words");
  EXPECT_EQ(config.working_dir, "/w/9");
  EXPECT_THAT(config.volumes, ElementsAre("/v9", "/x80"));
  EXPECT_EQ(config.stop_signal, "SIGINT");
  EXPECT_THAT(config.cmd, ElementsAre("/bin/sh", "-c", "echo $A"));
  EXPECT_THAT(config.entrypoint, ElementsAre("$A"));
}

TEST(Changes, OthersAreRefused) {
  spec::RunConfig config;
  for (const char* text :
       {"RUN x", "", "CMD", "ENV A=1 B", "EXPOSE x", "ENV A=\"b", "ENV A 'b", "ENV A=${B",
        "ENV A=${B:-x", "ENV A=${}", "ENV A=${B:=x}", "ENV A=${B-x}"}) {
    EXPECT_THROW(apply_change(text, config), Error) << text;
  }
}

TEST(Changes, ReferencePatternsWithoutTagFitEveryTag) {
  EXPECT_TRUE(reference_matches("busybox:1.36", "busybox"));
  EXPECT_TRUE(reference_matches("busybox:1.36", "busy*:1*"));
  EXPECT_FALSE(reference_matches("busybox:1.36", "busybox:2*"));
  EXPECT_FALSE(reference_matches("a/busybox:1", "busybox"));
  EXPECT_TRUE(reference_matches("localhost:5000/a:1", "localhost:5000/a"));
}

TEST(Filters, LabelsAndNames) {
  const Labels labels{{"a", "1"}, {"b", ""}};
  EXPECT_TRUE(labels_match(labels, {"a", "b"}));
  EXPECT_TRUE(labels_match(labels, {"a=1"}));
  EXPECT_FALSE(labels_match(labels, {"a=2"}));
  EXPECT_FALSE(labels_match(labels, {"a", "c"}));
  EXPECT_TRUE(name_matches("anchor", "cho"));
  EXPECT_FALSE(name_matches("anchor", "^cho"));
  EXPECT_TRUE(name_matches("anchor", "^/anchor$"));
}

TEST(Devices, RulesAreReadAsDockersAre) {
  const spec::DeviceRule rule = parse_device_rule("c 10:* rm");
  EXPECT_EQ(rule.major, 10);
  EXPECT_EQ(rule.minor, std::nullopt);
  EXPECT_TRUE(rule.read && rule.mknod && !rule.write);
  for (const char* text : {"", "x 1:1 r", "cc 1:1 r", "c 1 r", "c 1:1", "c 1:1 ", "c 1:1 rwx",
                           "c 1:1 rwmr", "c -1:1 r", "c 1:1x r", "c 1:1 r ", "c 99999999:1 r"}) {
    EXPECT_THROW(parse_device_rule(text), Error) << text;
  }
  HostDevices devices;
  EXPECT_THROW(add_devices(devices, {{.path_on_host = "/etc/passwd"}}, {}), Error);
  add_devices(devices,
              {{.path_on_host = "/dev/null", .path_in_container = "/dev/n", .permissions = "r"}},
              {});
  EXPECT_EQ(devices.nodes.at(0).path, "/dev/n");
  EXPECT_EQ(devices.nodes.at(0).minor, 3);
  EXPECT_FALSE(devices.rules.at(0).write);
}

}  // namespace
}  // namespace seatrial::core
