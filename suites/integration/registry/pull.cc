// What a registry answers to those who fetch.
#include <fmt/format.h>

#include "suites/integration/registry/registry_case.h"

namespace {

const std::string kAbsent = "sha256:" + std::string(63, '0') + "1";

}  // namespace

TRIAL(Api, SaysThatItIsThere, Clauses{"distribution/api/version"}) {
  EXPECT_THAT(get("/v2/"), Status(200));
}

TRIAL(Blobs, ComeBackAsTheyWerePushed,
      Clauses{"distribution/pull/blob", "distribution/pull/blob-digest-header",
              "distribution/pull/blob-digest-matches"}) {
  std::string content = "bytes of every kind: ";
  for (int i = 0; i < 256; ++i) content += static_cast<char>(i);
  const std::string digest = push_blob(content);

  const RegistryAnswer answer = get(path("blobs/" + digest));

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.body, content);
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
}

TRIAL(Blobs, ThatAreNotThereAreNotFound,
      Clauses{"distribution/pull/blob-not-found", "distribution/pull/head-not-found",
              "distribution/errors/known-code"}) {
  const std::string there = push_blob("there");  // the repository is there

  const RegistryAnswer answer = get(path("blobs/" + kAbsent));

  ASSERT_THAT(answer, Status(404));
  EXPECT_THAT(answer, Error("BLOB_UNKNOWN"));
  EXPECT_THAT(head(path("blobs/" + kAbsent)), Status(404));
  EXPECT_THAT(head(path("blobs/" + there)), Status(200));  // control
}

TRIAL(Blobs, OfOtherRepositoriesAreNotFound, Clauses{"distribution/pull/blob-not-found"}) {
  const std::string digest = push_blob("only here");

  EXPECT_THAT(get("/v2/" + repository() + "/other/blobs/" + digest), Status(404));
  EXPECT_THAT(get(path("blobs/" + digest)), Status(200));  // control
}

TRIAL(Blobs, AreDescribedByHead,
      Clauses{"distribution/pull/head", "distribution/pull/head-length",
              "distribution/pull/head-digest"}) {
  const std::string digest = push_blob("twelve bytes");

  const RegistryAnswer answer = head(path("blobs/" + digest));

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.header("Content-Length"), "12");
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
  EXPECT_EQ(answer.body, "");
}

TRIAL(Blobs, MayBeEmpty, Clauses{"distribution/pull/blob", "distribution/push/put"}) {
  const std::string digest = push_blob("");

  const RegistryAnswer answer = get(path("blobs/" + digest));

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.body, "");
}

struct RangeRow {
  std::string name;
  Clauses clauses;
  std::string range;
  std::string content_range;
  std::string body;
};
const RangeRow kRanges[] = {
    {"FromTheMiddleOn", {"distribution/pull/range"}, "bytes=4-", "bytes 4-9/10", "456789"},
    {"AMiddle", {"distribution/pull/range"}, "bytes=2-5", "bytes 2-5/10", "2345"},
    {"TheLastByte", {"distribution/pull/range"}, "bytes=9-9", "bytes 9-9/10", "9"},
    {"TheLastOnes", {"distribution/pull/range"}, "bytes=-3", "bytes 7-9/10", "789"},
};

TRIAL_TABLE(Range, kRanges) {
  const std::string digest = push_blob("0123456789");

  const RegistryAnswer answer = get(path("blobs/" + digest), {{"Range", row().range}});

  ASSERT_THAT(answer, Status(206));
  EXPECT_EQ(answer.header("Content-Range"), row().content_range);
  EXPECT_EQ(answer.body, row().body);
}

TRIAL(Range, BeyondTheEndIsNotSatisfiable, Clauses{"distribution/pull/range"}) {
  const std::string digest = push_blob("0123456789");

  EXPECT_THAT(get(path("blobs/" + digest), {{"Range", "bytes=10-"}}), Status(416));
  EXPECT_THAT(get(path("blobs/" + digest), {{"Range", "bytes=9-"}}), Status(206));  // control
}

TRIAL(Manifests, ComeBackByteForByte,
      Clauses{"distribution/pull/manifest", "distribution/push/manifest-bytes",
              "distribution/pull/manifest-digest-header",
              "distribution/pull/content-type-as-pushed",
              "distribution/pull/content-type-parameters"}) {
  const std::string manifest = manifest_of("odd", ",  \"annotations\":{\"z\":\"1\",\"a\":\"2\"}");
  const std::string digest = push_manifest("v1", manifest);

  for (const std::string& name : {std::string("v1"), digest}) {
    const RegistryAnswer answer = get(path("manifests/" + name), {{"Accept", kAccept}});
    ASSERT_THAT(answer, Status(200)) << name;
    EXPECT_EQ(answer.body, manifest);
    EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
    EXPECT_EQ(answer.header("Content-Type"), kManifest);
  }
}

TRIAL(Manifests, AreDescribedByHead,
      Clauses{"distribution/pull/head", "distribution/pull/head-length",
              "distribution/pull/head-digest"}) {
  const std::string manifest = manifest_of("a");
  const std::string digest = push_manifest("v1", manifest);

  const RegistryAnswer answer = head(path("manifests/v1"), {{"Accept", kAccept}});

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.header("Content-Length"), std::to_string(manifest.size()));
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
}

TRIAL(Manifests, ThatAreNotThereAreNotFound,
      Clauses{"distribution/pull/manifest-not-found", "distribution/pull/head-not-found",
              "distribution/errors/format"}) {
  push_manifest("v1", manifest_of("a"));

  for (const std::string& name : {std::string("absent"), kAbsent}) {
    const RegistryAnswer answer = get(path("manifests/" + name), {{"Accept", kAccept}});
    ASSERT_THAT(answer, Status(404)) << name;
    EXPECT_THAT(answer, Error("MANIFEST_UNKNOWN"));
    EXPECT_THAT(head(path("manifests/" + name)), Status(404));
  }
  EXPECT_THAT(head(path("manifests/v1"), {{"Accept", kAccept}}), Status(200));  // control
}

TRIAL(Manifests, OfAnUnknownRepositoryAreNotFound, Clauses{"distribution/push/no-repository"}) {
  EXPECT_THAT(get(path("manifests/v1"), {{"Accept", kAccept}}), Status(404));
  EXPECT_THAT(get(path("tags/list")), Status(404));
  push_manifest("v1", manifest_of("a"));
  EXPECT_THAT(get(path("manifests/v1"), {{"Accept", kAccept}}), Status(200));  // control
}

TRIAL(Manifests, OfABadNameAreNotServed,
      Clauses{"distribution/pull/reference-only", "distribution/pull/tag"}) {
  push_manifest("v1", manifest_of("a"));
  for (const char* name : {"-begins-so", ".begins-so", "sha256:short", "a:b"}) {
    const RegistryAnswer answer = get(path(std::string("manifests/") + name));
    EXPECT_GE(answer.status, 400U) << name;
  }
  const std::string longest(128, 't');
  push_manifest(longest, manifest_of("a"));
  EXPECT_THAT(get(path("manifests/" + longest), {{"Accept", kAccept}}), Status(200));  // control
}

TRIAL(Indexes, ListManifestsAndComeBack,
      Clauses{"distribution/pull/manifest", "distribution/push/manifest"}) {
  const std::string one = manifest_of("one"), two = manifest_of("two");
  const auto entry = [&](const std::string& manifest, const char* architecture) {
    return fmt::format(
        R"({{"mediaType":"{}","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{}"}}}})",
        kManifest, push_manifest(sha256_digest(manifest), manifest), manifest.size(), architecture);
  };
  const std::string index =
      fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","manifests":[{},{}]}})", kIndex,
                  entry(one, "amd64"), entry(two, "arm64"));
  push_manifest("many", index, kIndex);

  const RegistryAnswer answer = get(path("manifests/many"), {{"Accept", kAccept}});

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.body, index);
  EXPECT_EQ(answer.header("Content-Type"), kIndex);
  EXPECT_EQ(get(path("manifests/" + sha256_digest(two)), {{"Accept", kAccept}}).body, two);
}
