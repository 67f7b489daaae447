// Images that lie: each is refused in a sentence and leaves nothing, and without its lie it is
// good.
#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "harness/fixtures/image_layout.h"
#include "suites/integration/image/image_case.h"

namespace {

// Two layers, so that a good one is on its way when the bad one is found.
Draft honest() {
  return {.layers = {layer([](TarWriter& tar) { tar.file("a", "first layer"); }),
                     layer([](TarWriter& tar) { tar.file("b", "second layer"); }, Packing::kGzip)}};
}

std::string digest_of_layer(std::size_t number) {
  return sha256_digest(honest().layers[number].bytes);
}

std::string& file(Files& files, const std::string& digest) {
  for (auto& [name, content] : files) {
    if (name == "blobs/sha256/" + digest.substr(7)) return content;
  }
  throw std::logic_error("the draft has no blob " + digest);
}

Files without(Files files, const std::string& digest) {
  std::erase_if(files,
                [&](const auto& each) { return each.first == "blobs/sha256/" + digest.substr(7); });
  return files;
}

// The blob keeps its name and length, one byte is another.
Files altered(const std::string& digest) {
  Files files = oci_layout(honest());
  std::string& content = file(files, digest);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  return files;
}

Files with_manifest(std::vector<Edit> edits) {
  Draft draft = honest();
  draft.manifest = std::move(edits);
  return oci_layout(draft);
}

Files with_config(std::vector<Edit> edits) {
  Draft draft = honest();
  draft.config = std::move(edits);
  return oci_layout(draft);
}

Files with_index(std::vector<Edit> edits) {
  Draft draft = honest();
  draft.index = std::move(edits);
  return oci_layout(draft);
}

std::string size_of(const std::string& bytes) {
  return fmt::format(R"("size":{})", bytes.size());
}

Files with_layer(Layer bad) {
  Draft draft = honest();
  draft.layers[1] = std::move(bad);
  return oci_layout(draft);
}

struct Lie {
  std::string name;
  Clauses clauses;
  Files (*archive)();
  std::string names;  // what the sentence must have; empty: any
};

const Lie kLies[] = {
    {"ALayerOfOtherBytes",
     {"image/descriptor/verify", "image/descriptor/verify-sha256", "security/cve-2014-8178"},
     [] { return altered(digest_of_layer(1)); },
     ""},
    {"AConfigOfOtherBytes",
     {"image/descriptor/verify", "image/layout/blob-matches"},
     [] { return altered(sha256_digest(config_text(honest()))); },
     ""},
    {"AManifestOfOtherBytes",
     {"image/descriptor/verify", "image/descriptor/verified-before-use"},
     [] { return altered(sha256_digest(manifest_text(honest()))); },
     ""},
    {"ALayerOfAnotherSize",
     {"image/descriptor/size-mismatch"},
     [] {
       const std::string bytes = honest().layers[1].bytes;
       return with_manifest({{size_of(bytes), size_of(bytes + "x")}});
     },
     digest_of_layer(1)},
    {"AConfigOfAnotherSize",
     {"image/descriptor/size-mismatch"},
     [] {
       const std::string bytes = config_text(honest());
       return with_manifest({{size_of(bytes), size_of(bytes + "x")}});
     },
     sha256_digest(config_text(honest()))},
    {"AManifestOfAnotherSize",
     {"image/descriptor/size-mismatch"},
     [] {
       const std::string bytes = manifest_text(honest());
       return with_index({{size_of(bytes), size_of(bytes + "x")}});
     },
     sha256_digest(manifest_text(honest()))},
    {"AnotherDiffId",
     {"image/config/diff-id"},
     [] { return with_config({{honest().layers[1].diff_id, sha256_digest("other")}}); },
     "diffID"},
    {"TheDiffIdOfTheOtherLayer",
     {"image/config/diff-ids", "image/manifest/layers-in-stack-order"},
     [] { return with_config({{honest().layers[0].diff_id, honest().layers[1].diff_id}}); },
     "diffID"},
    {"ADiffIdTooFew",
     {"image/config/diff-ids"},
     [] { return with_config({{",\"" + honest().layers[1].diff_id + "\"", ""}}); },
     "layers"},
    {"ADiffIdTooMany",
     {"image/config/diff-ids"},
     [] {
       const std::string last = "\"" + honest().layers[1].diff_id + "\"";
       return with_config({{last, last + "," + last}});
     },
     "layers"},
    {"AMissingLayer",
     {"image/layout/missing-blobs"},
     [] { return without(oci_layout(honest()), digest_of_layer(1)); },
     digest_of_layer(1)},
    {"AMissingConfig",
     {"image/manifest/config"},
     [] { return without(oci_layout(honest()), sha256_digest(config_text(honest()))); },
     sha256_digest(config_text(honest()))},
    {"ManifestAndIndexAtOnce",
     {"security/cve-2021-41190"},
     [] { return with_manifest({{R"("layers":)", R"("manifests":[],"layers":)"}}); },
     "manifests"},
    {"AMediaTypeThatIsAnother",
     {"security/cve-2021-41190", "image/manifest/media-type-value"},
     [] {
       return with_manifest({{R"("mediaType":"application/vnd.oci.image.manifest.v1+json")",
                              R"("mediaType":"application/vnd.oci.image.index.v1+json")"}});
     },
     "mediaType"},
    {"SchemaVersionOne",
     {"image/manifest/schema-version-2"},
     [] { return with_manifest({{R"("schemaVersion":2)", R"("schemaVersion":1)"}}); },
     "schemaVersion"},
    {"ARootThatIsNotOfLayers",
     {"image/config/rootfs-unknown-type", "image/config/rootfs-type-layers"},
     [] { return with_config({{R"("type":"layers")", R"("type":"blocks")"}}); },
     "rootfs"},
    {"NoRootfs",
     {"image/config/rootfs"},
     [] { return with_config({{R"("rootfs")", R"("rootless")"}}); },
     "rootfs"},
    {"AConfigOfWrongTypes",
     {"image/config/cmd-default"},
     [] { return with_config({{R"("Cmd":["/trial"])", R"("Cmd":"/trial")"}}); },
     "Cmd"},
    {"ADigestThatIsAPath",
     {"security/cve-2024-3727", "security/cve-2014-9358", "image/descriptor/digest-grammar"},
     [] { return with_manifest({{digest_of_layer(1), "sha256:../../../canary/secret"}}); },
     "digest"},
    {"ADigestInCapitals",
     {"image/descriptor/sha256-lower-case"},
     [] {
       std::string capitals = digest_of_layer(1);
       for (std::size_t i = 7; i < capitals.size(); ++i) {
         capitals[i] = static_cast<char>(std::toupper(capitals[i]));
       }
       return with_manifest({{digest_of_layer(1), capitals}});
     },
     "digest"},
    {"ADigestCutShort",
     {"image/descriptor/sha256-form"},
     [] { return with_manifest({{digest_of_layer(1), digest_of_layer(1).substr(0, 70)}}); },
     "digest"},
    {"ABlobWhoseNameIsNoDigest",
     {"image/layout/blob-names", "security/cve-2024-3727"},
     [] {
       Files files = oci_layout(honest());
       files.emplace_back("blobs/sha256/../../../../canary/secret", "hit");
       return files;
     },
     ""},
    {"ALayerOfAnUnknownKind",
     {"image/manifest/layer-tar"},
     [] {
       Layer odd = honest().layers[1];
       odd.media_type = "application/vnd.trial.layer.v1.cpio";
       return with_layer(odd);
     },
     "cpio"},
    {"AGzipLayerCutShort",
     {"image/manifest/layer-gzip"},
     [] {
       Layer cut = honest().layers[1];
       cut.bytes.resize(cut.bytes.size() / 2);
       return with_layer(cut);
     },
     ""},
    {"ALayerThatIsNoArchive",
     {"image/layer/tar"},
     [] {
       const std::string noise = std::string(2000, 'n') + "oise";
       return with_layer({.bytes = noise, .diff_id = sha256_digest(noise)});
     },
     ""},
    {"AConfigThatIsNoJson",
     {"image/manifest/config-supported"},
     [] { return with_config({{"{", "["}}); },
     ""},
    {"NoIndex",
     {"image/layout/index-file"},
     [] {
       Files files = oci_layout(honest());
       std::erase_if(files, [](const auto& each) { return each.first == "index.json"; });
       return files;
     },
     "index.json"},
    {"ADockerArchiveWithoutItsLayer",
     {"docker/load/archive"},
     [] {
       Files files = docker_archive(honest());
       files.erase(files.begin());
       return files;
     },
     "has no file"},
    {"ADockerArchiveWithAnotherLayer",
     {"docker/load/archive", "image/config/diff-id"},
     [] {
       Files files = docker_archive(honest());
       files[0].second = bare_tar([](TarWriter& tar) { tar.file("a", "swapped"); });
       return files;
     },
     "diffID"},
};

}  // namespace

TRIAL_TABLE(Lie, kLies) {
  const auto before = footprint();

  const std::string sentence = refusal(row().archive());

  ASSERT_THAT(sentence, Not(IsEmpty())) << "the lie was believed";
  EXPECT_THAT(sentence, HasSubstr(row().names));
  EXPECT_THAT(sentence, Not(HasSubstr("\n")));
  EXPECT_THAT(left_since(before), IsEmpty());
  EXPECT_THAT(store().list(), IsEmpty());
  expect_canary_untouched();
  // The same without the lie is an image.
  EXPECT_THAT(root_of(load(honest()))->names(""), ElementsAre("a", "b"));
}

// What an earlier image of the same layers has is not lost with the liar.
TRIAL(Lies, TakeNothingAwayFromGoodImages, Clauses{"image/descriptor/verify"}) {
  const ImageRecord good = load(honest());

  EXPECT_THAT(refusal(with_config({{honest().layers[1].diff_id, sha256_digest("other")}})),
              HasSubstr("diffID"));

  EXPECT_EQ(store().find(good.id.text()).id, good.id);
  EXPECT_EQ(root_of(good)->read("b"), "second layer");
}

TRIAL(Lies, ACutArchiveIsRefused, Clauses{"docker/load/archive"}) {
  const std::string whole = tar_of(oci_layout(honest()));
  const auto before = footprint();

  EXPECT_THAT(refusal_of_bytes(whole.substr(0, whole.size() / 2)), Not(IsEmpty()));
  EXPECT_THAT(refusal_of_bytes("this is no archive at all"), Not(IsEmpty()));
  EXPECT_THAT(refusal_of_bytes(packed(whole, Packing::kGzip).substr(0, 300)), Not(IsEmpty()));

  EXPECT_THAT(left_since(before), IsEmpty());
  EXPECT_EQ(refusal_of_bytes(whole), "");  // control
}

// A document is read up to a bound, whatever it is padded with.
TRIAL(Lies, ALargeDocumentIsNotRead, Clauses{"security/cve-2023-25153"}) {
  Files files = oci_layout(honest());
  files[1].second += std::string(5u << 20, ' ');  // index.json beyond the limit of manifests

  EXPECT_THAT(refusal(files), Not(IsEmpty()));

  files = oci_layout(honest());
  files[1].second += std::string(1u << 20, ' ');
  EXPECT_EQ(refusal(files), "");  // control: blanks alone are no sin
}
