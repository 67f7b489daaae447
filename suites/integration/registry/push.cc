// What a registry takes, and what it must not take.
#include <fmt/format.h>

#include "suites/integration/registry/registry_case.h"

namespace {

const std::string kAbsent = "sha256:" + std::string(63, '0') + "1";

Headers chunk(std::size_t first, std::size_t size) {
  return {{"Content-Range", fmt::format("{}-{}", first, first + size - 1)}};
}

}  // namespace

TRIAL(Uploads, StartWithAPlaceOfTheirOwn,
      Clauses{"distribution/push/session", "distribution/push/session-location",
              "distribution/push/session-unique"}) {
  const std::string one = start_upload();
  const std::string two = start_upload();

  EXPECT_THAT(one, Not(IsEmpty()));
  EXPECT_NE(one, two);
}

TRIAL(Uploads, AreOnePut, Clauses{"distribution/push/put", "distribution/push/put-location"}) {
  const std::string digest = sha256_digest("in one piece");

  const RegistryAnswer answer =
      send("PUT", with_digest(start_upload(), digest), {}, "in one piece");

  ASSERT_THAT(answer, Status(201));
  ASSERT_THAT(answer.header("Location"), Not(IsEmpty()));
  EXPECT_EQ(get(answer.header("Location")).body, "in one piece");
}

// Where a single POST is not known it begins an upload, which goes on as any other.
TRIAL(Uploads, AreOnePostOrGoOn,
      Clauses{"distribution/push/post", "distribution/push/post-unsupported"}) {
  const std::string content = "in one post";
  const std::string digest = sha256_digest(content);

  const RegistryAnswer answer = send("POST", path("blobs/uploads/?digest=" + digest), {}, content);

  ASSERT_THAT(answer.header("Location"), Not(IsEmpty()));
  if (answer.status == 202) {
    ASSERT_THAT(send("PUT", with_digest(answer.header("Location"), digest), {}, content),
                Status(201));
  } else {
    ASSERT_THAT(answer, Status(201));
  }
  EXPECT_EQ(get(path("blobs/" + digest)).body, content);
}

TRIAL(Uploads, ComeInChunks,
      Clauses{"distribution/push/chunk", "distribution/push/chunk-location",
              "distribution/push/chunk-range-answer", "distribution/push/close",
              "distribution/push/close-answer", "distribution/push/close-location"}) {
  const std::string first = "the first of them ", second = "and the second ", third = "and the end";
  const RegistryAnswer one = send("PATCH", start_upload(), chunk(0, first.size()), first);
  ASSERT_THAT(one, Status(202));
  EXPECT_EQ(one.header("Range"), fmt::format("0-{}", first.size() - 1));
  ASSERT_THAT(one.header("Location"), Not(IsEmpty()));
  const RegistryAnswer two =
      send("PATCH", one.header("Location"), chunk(first.size(), second.size()), second);
  ASSERT_THAT(two, Status(202));
  EXPECT_EQ(two.header("Range"), fmt::format("0-{}", first.size() + second.size() - 1));
  const std::string digest = sha256_digest(first + second + third);

  const RegistryAnswer closed = send("PUT", with_digest(two.header("Location"), digest),
                                     chunk(first.size() + second.size(), third.size()), third);

  ASSERT_THAT(closed, Status(201));
  EXPECT_THAT(closed.header("Location"), Not(IsEmpty()));
  EXPECT_EQ(get(path("blobs/" + digest)).body, first + second + third);
}

TRIAL(Uploads, CloseWithoutALastChunk,
      Clauses{"distribution/push/close", "distribution/push/close-answer"}) {
  const std::string content = "all in the chunk";
  const RegistryAnswer one = send("PATCH", start_upload(), chunk(0, content.size()), content);
  ASSERT_THAT(one, Status(202));

  EXPECT_THAT(send("PUT", with_digest(one.header("Location"), sha256_digest(content))),
              Status(201));

  EXPECT_EQ(get(path("blobs/" + sha256_digest(content))).body, content);
}

TRIAL(Uploads, TakeNoChunkOutOfOrder, Clauses{"distribution/push/chunk-out-of-order"}) {
  const RegistryAnswer one = send("PATCH", start_upload(), chunk(0, 4), "0123");
  ASSERT_THAT(one, Status(202));

  EXPECT_THAT(send("PATCH", one.header("Location"), chunk(8, 4), "89ab"), Status(416));

  // The upload is as it was.
  const RegistryAnswer status = get(one.header("Location"));
  ASSERT_THAT(status, Status(204));
  EXPECT_EQ(status.header("Range"), "0-3");
  EXPECT_THAT(send("PATCH", status.header("Location"), chunk(4, 4), "4567"), Status(202));
}

TRIAL(Uploads, TellHowFarTheyAre,
      Clauses{"distribution/push/status", "distribution/push/status-headers"}) {
  const RegistryAnswer one = send("PATCH", start_upload(), chunk(0, 6), "012345");
  ASSERT_THAT(one, Status(202));

  const RegistryAnswer status = get(one.header("Location"));

  ASSERT_THAT(status, Status(204));
  EXPECT_EQ(status.header("Range"), "0-5");
  EXPECT_THAT(status.header("Location"), Not(IsEmpty()));
}

TRIAL(Uploads, CanBeGivenUp, Clauses{"distribution/push/cancel"}) {
  const std::string location = start_upload();
  ASSERT_THAT(get(location), Status(204));  // control

  EXPECT_THAT(send("DELETE", location), Status(204));

  EXPECT_THAT(get(location), Status(404));
}

TRIAL(Uploads, OfAnotherDigestAreRefused,
      Clauses{"distribution/push/close-digest", "distribution/errors/format",
              "distribution/errors/known-code"}) {
  const std::string claimed = sha256_digest("what was promised");

  const RegistryAnswer answer =
      send("PUT", with_digest(start_upload(), claimed), {}, "what was sent");

  ASSERT_THAT(answer, Status(400));
  EXPECT_THAT(answer, Error("DIGEST_INVALID"));
  EXPECT_THAT(get(path("blobs/" + claimed)), Status(404));
  EXPECT_THAT(get(path("blobs/" + sha256_digest("what was sent"))), Status(404));
  push_blob("what was sent");  // control
}

TRIAL(Uploads, WithoutADigestAreRefused, Clauses{"distribution/push/close-digest"}) {
  EXPECT_THAT(send("PUT", start_upload(), {}, "no digest"), Status(400));
  push_blob("no digest");  // control
}

TRIAL(Uploads, NeedALegalRepository, Clauses{"distribution/pull/name"}) {
  for (const char* name : {"UPPER", "a..b", "-a", "a_", "a//b"}) {
    const RegistryAnswer answer = send("POST", fmt::format("/v2/{}/blobs/uploads/", name));
    EXPECT_NE(answer.status, 202U) << name;
  }
  start_upload();  // control
}

TRIAL(Mount, TakesABlobFromAnotherRepository,
      Clauses{"distribution/push/mount", "distribution/push/mount-location"}) {
  const std::string digest = push_blob("to be shared");
  const std::string other = "/v2/" + repository() + "/other/";
  ASSERT_THAT(get(other + "blobs/" + digest), Status(404));

  const RegistryAnswer answer =
      send("POST", fmt::format("{}blobs/uploads/?mount={}&from={}", other, digest, repository()));

  ASSERT_THAT(answer, Status(201));
  EXPECT_EQ(get(answer.header("Location")).body, "to be shared");
  EXPECT_EQ(get(other + "blobs/" + digest).body, "to be shared");
}

TRIAL(Mount, OfWhatIsNotThereBeginsAnUpload, Clauses{"distribution/push/mount-fallback"}) {
  const std::string content = "not there";
  const std::string digest = sha256_digest(content);

  const RegistryAnswer answer =
      send("POST", fmt::format("{}?mount={}&from=trial/absent", path("blobs/uploads/"), digest));

  ASSERT_THAT(answer, Status(202));
  EXPECT_THAT(send("PUT", with_digest(answer.header("Location"), digest), {}, content),
              Status(201));
}

TRIAL(PushedManifests, AreAnsweredWithAPlace,
      Clauses{"distribution/push/manifest", "distribution/push/manifest-location"}) {
  const std::string manifest = manifest_of("a");

  const RegistryAnswer answer =
      send("PUT", path("manifests/v1"), {{"Content-Type", kManifest}}, manifest);

  ASSERT_THAT(answer, Status(201));
  EXPECT_EQ(answer.header("Docker-Content-Digest"), sha256_digest(manifest));
  ASSERT_THAT(answer.header("Location"), Not(IsEmpty()));
  EXPECT_EQ(get(answer.header("Location"), {{"Accept", kAccept}}).body, manifest);
}

TRIAL(PushedManifests, MoveTheirTag, Clauses{"distribution/push/manifest"}) {
  const std::string old = push_manifest("v1", manifest_of("old"));
  const std::string young = push_manifest("v1", manifest_of("young"));

  EXPECT_EQ(head(path("manifests/v1"), {{"Accept", kAccept}}).header("Docker-Content-Digest"),
            young);
  EXPECT_THAT(head(path("manifests/" + old), {{"Accept", kAccept}}), Status(200));
}

TRIAL(PushedManifests, UnderAnotherDigestAreRefused, Clauses{"distribution/pull/reference"}) {
  const std::string manifest = manifest_of("a");

  EXPECT_THAT(send("PUT", path("manifests/" + kAbsent), {{"Content-Type", kManifest}}, manifest),
              Status(400));

  EXPECT_THAT(get(path("manifests/" + kAbsent), {{"Accept", kAccept}}), Status(404));
  push_manifest(sha256_digest(manifest), manifest);  // control
}

TRIAL(PushedManifests, NeedTheBlobsThatTheyName,
      Clauses{"distribution/push/unknown-blob-code", "distribution/push/manifest-references"}) {
  std::string manifest = manifest_of("a");
  const std::string layer = sha256_digest("layer of a");
  manifest.replace(manifest.find(layer), layer.size(), kAbsent);

  const RegistryAnswer answer =
      send("PUT", path("manifests/v1"), {{"Content-Type", kManifest}}, manifest);

  // A registry may take it; one that does not says why.
  if (answer.status != 201) {
    EXPECT_GE(answer.status, 400U);
    EXPECT_LT(answer.status, 500U);
    EXPECT_THAT(answer, Error("MANIFEST_BLOB_UNKNOWN"));
  }
  push_manifest("v2", manifest_of("a"));  // control
}

TRIAL(PushedManifests, ThatAreNoneAreRefused,
      Clauses{"distribution/errors/format", "distribution/errors/code"}) {
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("{}")}) {
    const RegistryAnswer answer =
        send("PUT", path("manifests/v1"), {{"Content-Type", kManifest}}, text);
    EXPECT_GE(answer.status, 400U) << text;
    EXPECT_THAT(answer.body, ContainsRegex("\"code\":\"[A-Z_]+\"")) << text;
  }
  push_manifest("v1", manifest_of("a"));  // control
}

TRIAL(PushedManifests, AgreeWithTheirContentType,
      Clauses{"distribution/push/manifest-types-agree"}) {
  const std::string manifest = manifest_of("a");

  const RegistryAnswer answer =
      send("PUT", path("manifests/v1"), {{"Content-Type", kIndex}}, manifest);

  EXPECT_GE(answer.status, 400U);
  EXPECT_LT(answer.status, 500U);
  push_manifest("v1", manifest);  // control
}

TRIAL(PushedManifests, OfNearlyFourMegabytesAreTaken,
      Clauses{"distribution/push/manifest-4-megabytes"}) {
  const std::string more =
      fmt::format(R"(,"annotations":{{"a":"{}"}})", std::string((4u << 20) - 2000, 'x'));
  const std::string digest = push_manifest("large", manifest_of("a", more));

  EXPECT_THAT(head(path("manifests/" + digest), {{"Accept", kAccept}}), Status(200));
}

TRIAL(PushedManifests, MayNameASubjectThatComesLater,
      Clauses{"distribution/push/subject-may-come-later"}) {
  const std::string subject =
      fmt::format(R"(,"subject":{{"mediaType":"{}","digest":"{}","size":7}})", kManifest, kAbsent);

  push_manifest("signature", manifest_of("a", subject));

  EXPECT_THAT(get(path("manifests/signature"), {{"Accept", kAccept}}), Status(200));
}
