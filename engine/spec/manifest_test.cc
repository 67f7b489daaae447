#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/spec/image.h"

namespace seatrial::spec {
namespace {

using ::testing::HasSubstr;

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

nlohmann::json descriptor(std::string_view type, const std::string& digest) {
  return {{"mediaType", type}, {"digest", digest}, {"size", 7}};
}

nlohmann::json manifest() {
  return {{"schemaVersion", 2},
          {"mediaType", media_type::kOciManifest},
          {"config", descriptor(media_type::kOciConfig, kA)},
          {"layers", {descriptor(media_type::kOciLayerGzip, kB)}}};
}

nlohmann::json entry(const std::string& digest, std::string_view architecture,
                     std::string_view variant) {
  nlohmann::json result = descriptor(media_type::kOciManifest, digest);
  if (architecture.empty()) return result;
  result["platform"] = {{"os", "linux"}, {"architecture", architecture}};
  if (!variant.empty()) result["platform"]["variant"] = variant;
  return result;
}

Index index_of(std::initializer_list<nlohmann::json> entries) {
  const nlohmann::json document = {{"schemaVersion", 2}, {"manifests", nlohmann::json(entries)}};
  return std::get<Index>(parse_manifest(document.dump(), ""));
}

std::string refusal(std::string_view text, std::string_view content_type = "") {
  try {
    parse_manifest(text, content_type);
    return {};
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
    return failure.what();
  }
}

std::string refusal_of(std::string_view patch, std::string_view content_type = "") {
  nlohmann::json document = manifest();
  document.merge_patch(nlohmann::json::parse(patch));
  return refusal(document.dump(), content_type);
}

TEST(Manifest, IsReadAndPrintedBack) {
  nlohmann::json document = manifest();
  document["annotations"] = {{"k", "v"}};
  document["layers"][0]["urls"] = {"https://a/b"};
  const auto parsed = std::get<Manifest>(parse_manifest(document.dump(), media_type::kOciManifest));
  EXPECT_EQ(parsed.config.digest.text(), kA);
  ASSERT_EQ(parsed.layers.size(), 1U);
  EXPECT_EQ(parsed.layers[0].digest.text(), kB);
  EXPECT_EQ(parsed.layers[0].size, 7U);
  EXPECT_EQ(parsed.layers[0].media_type, media_type::kOciLayerGzip);
  EXPECT_EQ(nlohmann::json::parse(print_manifest(parsed)), document);
}

TEST(Manifest, TakesTheContentTypeWhereItSaysNothingItself) {
  nlohmann::json document = manifest();
  document.erase("mediaType");
  const auto read = [&](std::string_view type) {
    return std::get<Manifest>(parse_manifest(document.dump(), type)).media_type;
  };
  EXPECT_EQ(read(""), media_type::kOciManifest);
  EXPECT_EQ(read("Application/vnd.docker.distribution.manifest.v2+json ; charset=utf-8"),
            media_type::kDockerManifest);
}

TEST(Manifest, RefusesWhatTwoReadersReadDifferently) {
  EXPECT_EQ(refusal_of("{}"), "");
  EXPECT_EQ(refusal_of("{}", media_type::kOciManifest), "");
  EXPECT_THAT(refusal_of(R"({"manifests": []})"),
              HasSubstr("manifest: manifests: does not belong beside layers"));
  EXPECT_THAT(refusal_of(R"({"mediaType": "application/vnd.oci.image.index.v1+json",
                             "manifests": []})"),
              HasSubstr("layers: does not belong beside manifests"));
  EXPECT_THAT(refusal_of("{}", media_type::kDockerManifest),
              HasSubstr("is not the content type that it came under"));
  EXPECT_THAT(refusal_of("{}", "text/plain"), HasSubstr("is not the content type"));
  EXPECT_THAT(refusal_of(R"({"mediaType": null})", "text/plain"),
              HasSubstr("\"text/plain\" is not the media type of a manifest or an index"));
  EXPECT_THAT(refusal(R"({"schemaVersion": 2, "layers": [], "layers": []})"),
              HasSubstr("layers: is given twice"));
  EXPECT_THAT(refusal_of(R"({"fsLayers": []})"), HasSubstr("belongs to schema 1"));
}

TEST(Manifest, RefusesByPath) {
  EXPECT_THAT(refusal_of(R"({"schemaVersion": 1})"), HasSubstr("schemaVersion: 1 is not a schema"));
  EXPECT_THAT(refusal_of(R"({"schemaVersion": null})"), HasSubstr("schemaVersion: is missing"));
  EXPECT_THAT(refusal_of(R"({"config": {"size": -1}})"),
              HasSubstr("config.size: -1 is not a whole"));
  EXPECT_THAT(refusal_of(R"({"config": {"size": 1.5}})"), HasSubstr("config.size"));
  EXPECT_THAT(refusal_of(R"({"config": {"digest": "sha256:../../etc/passwd"}})"),
              HasSubstr("config.digest: \"sha256:../../etc/passwd\" is not a digest"));
  EXPECT_THAT(refusal_of(R"({"layers": [{}]})"), HasSubstr("layers[0].mediaType: is missing"));
  EXPECT_THAT(refusal_of(R"({"layers": null})"), HasSubstr("layers: is missing"));
  EXPECT_THAT(refusal("{} x"), HasSubstr("manifest: line 1"));
  EXPECT_THAT(refusal(std::string(kManifestLimit + 1, ' ')), HasSubstr("are more than"));
}

TEST(Index, ChoosesByPlatformThenVariant) {
  const std::string c = "sha256:" + std::string(64, 'c');
  const Platform v7{.os = "linux", .architecture = "arm", .variant = "v7"};
  const Index arms =
      index_of({entry(kA, "arm", "v6"), entry(kB, "arm", ""), entry(c, "arm", "v7")});
  EXPECT_EQ(choose(arms, v7).digest.text(), c);
  EXPECT_EQ(choose(index_of({entry(kA, "arm", "v6"), entry(kB, "arm", "")}), v7).digest.text(), kB);
  EXPECT_EQ(choose(index_of({entry(kA, "", ""), entry(kB, "arm", "v7")}), v7).digest.text(), kB);
  EXPECT_EQ(choose(index_of({entry(kA, "", ""), entry(kB, "arm", "v6")}), v7).digest.text(), kA);
  const Platform arm64{.os = "linux", .architecture = "arm64"};
  EXPECT_EQ(
      choose(index_of({entry(kA, "amd64", ""), entry(kB, "arm64", "v8")}), arm64).digest.text(),
      kB);
}

TEST(Index, ListsWhatThereIsWhenNothingServes) {
  const Platform wanted{.os = "linux", .architecture = "riscv64"};
  try {
    choose(index_of({entry(kA, "arm", "v6"), entry(kB, "amd64", "")}), wanted);
    FAIL() << "chose";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kNotFound);
    EXPECT_STREQ(failure.what(),
                 "the index has no manifest for linux/riscv64; it has: linux/arm/v6, linux/amd64");
  }
}

TEST(Index, IsPrintedBack) {
  const Index index = index_of({entry(kA, "arm", "v6"), entry(kB, "", "")});
  const auto again = std::get<Index>(parse_manifest(print_index(index), media_type::kOciIndex));
  EXPECT_EQ(print_index(again), print_index(index));
  EXPECT_EQ(again.manifests[0].platform, index.manifests[0].platform);
}

TEST(MediaType, LayersOfBothFamilies) {
  EXPECT_TRUE(media_type::is_layer(media_type::kOciLayerZstd));
  EXPECT_TRUE(media_type::is_layer("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"));
  EXPECT_FALSE(media_type::is_layer("application/vnd.oci.image.layer.nondistributable.v1.tar+xz"));
  EXPECT_FALSE(media_type::is_layer(media_type::kOciConfig));
  EXPECT_TRUE(media_type::is_foreign_layer(media_type::kDockerForeignLayer));
  EXPECT_FALSE(media_type::is_foreign_layer(media_type::kDockerLayerGzip));
}

}  // namespace
}  // namespace seatrial::spec
