#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/spec/image.h"

namespace seatrial::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kId = "sha256:" + std::string(64, 'd');

nlohmann::json full() {
  auto document = nlohmann::json::parse(R"({
    "created": "2025-01-02T03:04:05Z", "author": "me", "architecture": "arm", "os": "linux",
    "variant": "v7", "os.version": "1",
    "config": {
      "User": "1:2", "Env": ["A=b"], "Entrypoint": ["/e"], "Cmd": ["c", ""], "WorkingDir": "/w",
      "Volumes": {"/v": {}}, "ExposedPorts": {"80/tcp": {}}, "Labels": {"l": ""},
      "StopSignal": "SIGINT", "Shell": ["sh", "-c"], "OnBuild": ["RUN x"],
      "Healthcheck": {"Test": ["CMD", "x"], "Interval": 1, "Timeout": 2, "StartPeriod": 3,
                      "Retries": 4}},
    "rootfs": {"type": "layers"},
    "history": [{"created": "t", "created_by": "x", "author": "a", "comment": "c"},
                {"empty_layer": true}]})");
  document["rootfs"]["diff_ids"] = {kId};
  return document;
}

std::string refusal_of(std::string_view patch) {
  nlohmann::json document = full();
  document.merge_patch(nlohmann::json::parse(patch));
  try {
    parse_image_config(document.dump());
    return {};
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

TEST(ImageConfig, IsReadInFull) {
  const ImageConfig config = parse_image_config(full().dump());
  EXPECT_EQ(config.variant, "v7");
  EXPECT_THAT(config.config.cmd, ElementsAre("c", ""));
  EXPECT_THAT(config.config.volumes, ElementsAre("/v"));
  EXPECT_THAT(config.config.exposed_ports, ElementsAre("80/tcp"));
  ASSERT_TRUE(config.config.healthcheck.has_value());
  EXPECT_EQ(config.config.healthcheck->start_period, 3);
  EXPECT_THAT(config.diff_ids, ElementsAre(Digest::parse(kId)));
  ASSERT_EQ(config.history.size(), 2U);
  EXPECT_FALSE(config.history[0].empty_layer);
  EXPECT_TRUE(config.history[1].empty_layer);
}

TEST(ImageConfig, PrintsWhatItRead) {
  EXPECT_EQ(nlohmann::json::parse(print_image_config(parse_image_config(full().dump()))), full());
}

TEST(ImageConfig, TakesNullForNothingAsProgramsInGoWriteIt) {
  const ImageConfig config = parse_image_config(
      R"({"architecture": "amd64", "os": "linux", "history": null,
          "config": {"Env": null, "Volumes": null, "Labels": null, "Healthcheck": null},
          "rootfs": {"type": "layers", "diff_ids": null}})");
  EXPECT_TRUE(config.diff_ids.empty());
  EXPECT_FALSE(config.config.healthcheck.has_value());
}

TEST(ImageConfig, RefusesByPath) {
  EXPECT_EQ(refusal_of("{}"), "");
  EXPECT_THAT(refusal_of(R"({"os": null})"), HasSubstr("image config: os: is missing"));
  EXPECT_THAT(refusal_of(R"({"architecture": ""})"), HasSubstr("architecture: \"\" is empty"));
  EXPECT_THAT(refusal_of(R"({"rootfs": null})"), HasSubstr("rootfs: is missing"));
  EXPECT_THAT(refusal_of(R"({"rootfs": {"type": "x"}})"), HasSubstr("rootfs.type: \"x\" is not"));
  EXPECT_THAT(refusal_of(R"({"rootfs": {"diff_ids": ["x"]}})"),
              HasSubstr("rootfs.diff_ids[0]: \"x\" is not a digest"));
  EXPECT_THAT(refusal_of(R"({"config": {"Env": "A=b"}})"), HasSubstr("config.Env"));
  EXPECT_THAT(refusal_of(R"({"config": {"Labels": {"l": 1}}})"), HasSubstr("config.Labels.l"));
  EXPECT_THAT(refusal_of(R"({"config": {"Healthcheck": {"Retries": -1}}})"),
              HasSubstr("config.Healthcheck.Retries: -1"));
}

}  // namespace
}  // namespace seatrial::spec
