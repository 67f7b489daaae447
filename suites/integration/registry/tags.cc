// Lists of tags, referrers, and what can be deleted.
#include <fmt/format.h>

#include "suites/integration/registry/registry_case.h"

namespace {

const std::string kAbsent = "sha256:" + std::string(63, '0') + "1";

// The words of the list "tags" in the answer's order.
std::vector<std::string> tags_of(const RegistryAnswer& answer) {
  std::vector<std::string> tags;
  std::size_t at = answer.body.find("\"tags\"");
  const std::size_t end = answer.body.find(']', at);
  if (at == std::string::npos || end == std::string::npos) return tags;
  for (at = answer.body.find('[', at); at < end;) {
    const std::size_t open = answer.body.find('"', at);
    if (open >= end) break;
    const std::size_t close = answer.body.find('"', open + 1);
    tags.push_back(answer.body.substr(open + 1, close - open - 1));
    at = close + 1;
  }
  return tags;
}

}  // namespace

TRIAL(Tags, AreListedInLexicalOrder,
      Clauses{"distribution/tags/list", "distribution/tags/sorted", "distribution/tags/document"}) {
  const std::string manifest = manifest_of("a");
  for (const char* tag : {"v2", "alpha", "v10", "v1", "beta"}) push_manifest(tag, manifest);

  const RegistryAnswer answer = get(path("tags/list"));

  ASSERT_THAT(answer, Status(200));
  EXPECT_THAT(answer.body, HasSubstr("\"name\":\"" + repository() + "\""));
  EXPECT_THAT(tags_of(answer), ElementsAre("alpha", "beta", "v1", "v10", "v2"));
}

TRIAL(Tags, ComeInPagesWithN,
      Clauses{"distribution/tags/limit", "distribution/tags/link", "distribution/tags/last",
              "distribution/tags/last-exclusive"}) {
  const std::string manifest = manifest_of("a");
  for (const char* tag : {"a", "b", "c", "d", "e"}) push_manifest(tag, manifest);

  const RegistryAnswer first = get(path("tags/list?n=2"));

  ASSERT_THAT(first, Status(200));
  EXPECT_THAT(tags_of(first), ElementsAre("a", "b"));
  const std::string link = first.header("Link");
  ASSERT_THAT(link, AllOf(StartsWith("<"), HasSubstr("rel=\"next\"")));
  const RegistryAnswer second = get(link.substr(1, link.find('>') - 1));
  EXPECT_THAT(tags_of(second), ElementsAre("c", "d"));
}

TRIAL(Tags, StartAfterLast,
      Clauses{"distribution/tags/last-exclusive", "distribution/tags/last-sorted",
              "distribution/tags/last-no-index"}) {
  const std::string manifest = manifest_of("a");
  for (const char* tag : {"c", "a", "2", "b"}) push_manifest(tag, manifest);

  EXPECT_THAT(tags_of(get(path("tags/list?last=a"))), ElementsAre("b", "c"));
  EXPECT_THAT(tags_of(get(path("tags/list?last=2"))), ElementsAre("a", "b", "c"));
  EXPECT_THAT(tags_of(get(path("tags/list?n=1&last=a"))), ElementsAre("b"));
}

TRIAL(Tags, AreNoneWithNOfZero,
      Clauses{"distribution/tags/limit-zero", "distribution/tags/limit-zero-no-link"}) {
  push_manifest("a", manifest_of("a"));

  const RegistryAnswer answer = get(path("tags/list?n=0"));

  ASSERT_THAT(answer, Status(200));
  EXPECT_THAT(tags_of(answer), IsEmpty());
  EXPECT_EQ(answer.header("Link"), "");
  EXPECT_THAT(tags_of(get(path("tags/list"))), ElementsAre("a"));  // control
}

TRIAL(Tags, OfALastPageHaveNoLink, Clauses{"distribution/tags/limit"}) {
  const std::string manifest = manifest_of("a");
  for (const char* tag : {"a", "b"}) push_manifest(tag, manifest);

  const RegistryAnswer answer = get(path("tags/list?n=5"));

  EXPECT_THAT(tags_of(answer), ElementsAre("a", "b"));
  EXPECT_EQ(answer.header("Link"), "");
}

TRIAL(Delete, OfAManifestTakesItsTags,
      Clauses{"distribution/delete/manifest", "distribution/delete/manifest-gone"},
      Needs{Feature::kDeleteManifests}) {
  const std::string digest = push_manifest("v1", manifest_of("a"));
  const std::string kept = push_manifest("v2", manifest_of("b"));

  EXPECT_THAT(send("DELETE", path("manifests/" + digest)), Status(202));

  EXPECT_THAT(get(path("manifests/" + digest), {{"Accept", kAccept}}), Status(404));
  EXPECT_THAT(get(path("manifests/v1"), {{"Accept", kAccept}}), Status(404));
  EXPECT_THAT(get(path("manifests/" + kept), {{"Accept", kAccept}}), Status(200));  // control
  EXPECT_THAT(tags_of(get(path("tags/list"))), ElementsAre("v2"));
}

TRIAL(Delete, OfATagTakesTheTagOrIsRefused,
      Clauses{"distribution/delete/tag", "distribution/delete/tag-gone",
              "distribution/delete/tag-disabled"}) {
  const std::string digest = push_manifest("v1", manifest_of("a"));

  const RegistryAnswer answer = send("DELETE", path("manifests/v1"));

  if (answer.status == 202) {
    EXPECT_THAT(get(path("manifests/v1"), {{"Accept", kAccept}}), Status(404));
    EXPECT_THAT(get(path("manifests/" + digest), {{"Accept", kAccept}}), Status(200));
  } else {
    EXPECT_THAT(answer.status, AnyOf(400U, 405U)) << answer.body;
    EXPECT_THAT(get(path("manifests/v1"), {{"Accept", kAccept}}), Status(200));
  }
}

TRIAL(Delete, OfABlobTakesIt, Clauses{"distribution/delete/blob"}, Needs{Feature::kDeleteBlobs}) {
  const std::string digest = push_blob("to go");
  const std::string kept = push_blob("to stay");

  EXPECT_THAT(send("DELETE", path("blobs/" + digest)), Status(202));

  EXPECT_THAT(get(path("blobs/" + digest)), Status(404));
  EXPECT_THAT(get(path("blobs/" + kept)), Status(200));
}

TRIAL(Delete, OfWhatIsNotThereIsNotFound,
      Clauses{"distribution/delete/blob-not-found", "distribution/delete/no-repository"},
      Needs{Feature::kDeleteBlobs}) {
  push_blob("there");

  EXPECT_THAT(send("DELETE", path("blobs/" + kAbsent)), Status(404));
  EXPECT_THAT(send("DELETE", "/v2/" + repository() + "/absent/manifests/" + kAbsent), Status(404));
}

TRIAL(Referrers, ListWhatHasTheSubject,
      Clauses{"distribution/referrers/list", "distribution/referrers/index",
              "distribution/referrers/content-type", "distribution/push/subject-header",
              "distribution/referrers/annotations"},
      Needs{Feature::kReferrers}) {
  const std::string manifest = manifest_of("a");
  const std::string subject = push_manifest("v1", manifest);
  const std::string signature = manifest_of(
      "s",
      fmt::format(
          R"(,"annotations":{{"k":"v"}},"subject":{{"mediaType":"{}","digest":"{}","size":{}}})",
          kManifest, subject, manifest.size()));
  const RegistryAnswer pushed =
      send("PUT", path("manifests/s"), {{"Content-Type", kManifest}}, signature);
  ASSERT_THAT(pushed, Status(201));
  EXPECT_EQ(pushed.header("OCI-Subject"), subject);

  const RegistryAnswer answer = get(path("referrers/" + subject));

  ASSERT_THAT(answer, Status(200));
  EXPECT_EQ(answer.header("Content-Type"), kIndex);
  EXPECT_THAT(answer.body, AllOf(HasSubstr(sha256_digest(signature)), HasSubstr("\"k\":\"v\"")));
}

TRIAL(Referrers, OfNobodyAreAnEmptyList,
      Clauses{"distribution/referrers/empty", "distribution/referrers/never-404"},
      Needs{Feature::kReferrers}) {
  const std::string digest = push_manifest("v1", manifest_of("a"));

  const RegistryAnswer answer = get(path("referrers/" + digest));

  ASSERT_THAT(answer, Status(200));
  EXPECT_THAT(answer.body, HasSubstr("\"manifests\":[]"));
}

TRIAL(Referrers, OfABadDigestAreRefused, Clauses{"distribution/referrers/invalid"},
      Needs{Feature::kReferrers}) {
  push_manifest("v1", manifest_of("a"));
  EXPECT_THAT(get(path("referrers/sha256:short")), Status(400));
}
