// Images as archives: OCI layouts and docker-archives, in and out.
#include <fcntl.h>
#include <fmt/format.h>

#include "engine/base/files.h"
#include "engine/spec/reference.h"
#include "harness/fixtures/image_layout.h"
#include "suites/integration/image/image_case.h"

namespace {

Draft draft() {
  return {.layers = {layer([](TarWriter& tar) { tar.file("base", "b"); }),
                     layer([](TarWriter& tar) { tar.file("top", "t"); }, Packing::kGzip)}};
}

struct Row {
  std::string name;
  Clauses clauses;
  Packing packing;
  bool docker;
};
const Row kArchives[] = {
    {"OciLayout", {"docker/load/archive", "image/layout/index-file"}, Packing::kNone, false},
    {"OciLayoutInGzip", {"docker/load/archive"}, Packing::kGzip, false},
    {"OciLayoutInZstd", {"docker/load/archive"}, Packing::kZstd, false},
    {"DockerArchive", {"docker/load/archive"}, Packing::kNone, true},
    {"DockerArchiveInGzip", {"docker/load/archive"}, Packing::kGzip, true},
};

std::string saved(const seatrial::image::ImageStore& store, const std::vector<std::string>& names,
                  const std::filesystem::path& file) {
  const seatrial::UniqueFd fd =
      seatrial::open_file(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  store.save(names, fd.get());
  return seatrial::read_file(file);
}

}  // namespace

// The id is the digest of the configuration's bytes, in whatever an image came.
TRIAL_TABLE(Load, kArchives) {
  const Files files = row().docker ? docker_archive(draft()) : oci_layout(draft());

  const ImageRecord image = load_bytes(packed(tar_of(files), row().packing));

  EXPECT_EQ(image.id.text(), sha256_digest(config_text(draft())));
  EXPECT_THAT(image.names, ElementsAre("registry.test/trial/image:1"));
  EXPECT_THAT(root_of(image)->names(""), ElementsAre("base", "top"));
}

TRIAL(Load, KeepsTheManifestByteForByte, Clauses{"image/considerations/unknown-property"}) {
  Draft odd = draft();
  odd.manifest = {{R"("schemaVersion":2)", R"("schemaVersion":2,  "org.trial.new": [1, null])"}};
  odd.config = {{R"("os":"linux")", R"("os":"linux","org.trial.new":{"a":1})"}};

  const ImageRecord image = load(odd);

  EXPECT_EQ(image.manifest.text(), sha256_digest(manifest_text(odd)));
  EXPECT_EQ(store().blobs().read(image.manifest, 1u << 20), manifest_text(odd));
}

TRIAL(Load, TakesNullForAbsent, Clauses{"image/config/null-is-absent"}) {
  Draft odd = draft();
  odd.config = {{R"("Cmd":["/trial"])", R"("Cmd":null,"Env":null,"Labels":null,"User":null)"}};

  const ImageRecord image = load(odd);

  EXPECT_THAT(image.config.config.cmd, IsEmpty());
  EXPECT_THAT(load(draft()).config.config.cmd, ElementsAre("/trial"));  // control
}

TRIAL(Load, ForgetsBlobsThatNothingRefersTo, Clauses{"image/layout/extra-blobs"}) {
  Files files = oci_layout(draft());
  const std::string stray = "nobody's";
  files.emplace_back("blobs/sha256/" + sha256_digest(stray).substr(7), stray);
  files.emplace_back("README", "neither");

  load(files);

  EXPECT_THAT(store().blobs().list(), SizeIs(4));  // manifest, config, two layers
}

TRIAL(Load, PassesOverEntriesOfUnknownTypes,
      Clauses{"image/layout/unknown-entries", "image/index/unknown-entry"}) {
  Draft with_stranger = draft();
  const std::string stranger = R"({"what":"a signature"})";
  with_stranger.index = {
      {R"("manifests":[)",
       fmt::format(R"("manifests":[{{"mediaType":"application/vnd.trial.unknown+json",)"
                   R"("digest":"{}","size":{}}},)",
                   sha256_digest(stranger), stranger.size())}};
  Files files = oci_layout(with_stranger);
  files.emplace_back("blobs/sha256/" + sha256_digest(stranger).substr(7), stranger);

  EXPECT_EQ(load(files).id.text(), sha256_digest(config_text(draft())));
}

// An index within the layout's index: the manifest for this machine is the one that counts.
TRIAL(Load, ChoosesByPlatformInANestedIndex,
      Clauses{"image/index/nested", "image/index/platform"}) {
  const Draft ours = draft();
  const std::string manifest = manifest_text(ours);
  const std::string foreign = sha256_digest("not in this archive");
  const std::string inner = fmt::format(
      R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
      R"({{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":9,)"
      R"("platform":{{"os":"linux","architecture":"s390x"}}}},)"
      R"({{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},)"
      R"("platform":{{"os":"linux","architecture":"{}"}}}}]}})",
      foreign, sha256_digest(manifest), manifest.size(),
      seatrial::spec::host_platform().architecture);
  Files files = oci_layout(ours);
  files[1].second = fmt::format(
      R"({{"schemaVersion":2,"manifests":[{{"mediaType":)"
      R"("application/vnd.oci.image.index.v1+json","digest":"{}","size":{},"annotations":)"
      R"({{"org.opencontainers.image.ref.name":"registry.test/many:1"}}}}]}})",
      sha256_digest(inner), inner.size());
  files.emplace_back("blobs/sha256/" + sha256_digest(inner).substr(7), inner);

  const ImageRecord image = load(files);

  EXPECT_EQ(image.manifest.text(), sha256_digest(manifest));
  EXPECT_THAT(image.names, ElementsAre("registry.test/many:1"));
}

TRIAL(Save, IsALayoutWhoseBlobsAreWhatTheirNamesSay,
      Clauses{"image/layout/blob-matches", "image/layout/version-member",
              "image/layout/blobs-directory", "docker/save/archive"}) {
  load(draft());

  const auto entries =
      entries_of(saved(store(), {"registry.test/trial/image:1"}, scratch() / "out"));

  std::vector<std::string> documents;
  int blobs = 0;
  for (const auto& [entry, content] : entries) {
    if (!entry.path.starts_with("blobs/sha256/")) {
      if (entry.type == '0') documents.push_back(entry.path);
      if (entry.path == "oci-layout") {
        EXPECT_THAT(content, HasSubstr("imageLayoutVersion"));
      }
      continue;
    }
    if (entry.type != '0') continue;
    ++blobs;
    EXPECT_EQ("blobs/sha256/" + sha256_digest(content).substr(7), entry.path);
  }
  EXPECT_EQ(blobs, 4);
  EXPECT_THAT(documents, UnorderedElementsAre("oci-layout", "index.json", "manifest.json"));
}

TRIAL(Save, ComesBackTheSame, Clauses{"docker/load/restores", "docker/save/archive"}) {
  const ImageRecord before = load(draft());
  store().tag("registry.test/trial/image:1",
              seatrial::spec::parse_reference("registry.test/other:2"));
  const std::string archive =
      saved(store(), {"registry.test/trial/image:1", "registry.test/other:2"}, scratch() / "out");
  store().remove("registry.test/other:2", false);
  store().remove("registry.test/trial/image:1", false);
  ASSERT_THAT(store().list(), IsEmpty());

  const ImageRecord after = load_bytes(archive);

  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.manifest, before.manifest);
  EXPECT_THAT(after.names,
              UnorderedElementsAre("registry.test/trial/image:1", "registry.test/other:2"));
  EXPECT_THAT(root_of(after)->names(""), ElementsAre("base", "top"));
}

TRIAL(Save, TakesSeveralImages, Clauses{"docker/save/several"}) {
  load(draft());
  load({.layers = {layer([](TarWriter& tar) { tar.file("other", "o"); })},
        .name = "registry.test/trial/second:1"});
  const std::string archive = saved(
      store(), {"registry.test/trial/image:1", "registry.test/trial/second:1"}, scratch() / "out");
  seatrial::image::ImageStore elsewhere(scratch_dir("elsewhere"));
  const seatrial::UniqueFd fd = seatrial::open_file(scratch() / "out", O_RDONLY | O_CLOEXEC);

  EXPECT_THAT(elsewhere.load(fd.get()), SizeIs(2));

  EXPECT_EQ(elsewhere.find("registry.test/trial/second:1").id,
            store().find("registry.test/trial/second:1").id);
}

TRIAL(Save, OfAnUnknownNameIsRefused, Clauses{"docker/save/archive"}) {
  load(draft());
  EXPECT_THAT(failure_of([&] { saved(store(), {"registry.test/absent:1"}, scratch() / "out"); }),
              HasSubstr("No such image: registry.test/absent:1"));
  EXPECT_THAT(saved(store(), {"registry.test/trial/image:1"}, scratch() / "out"), Not(IsEmpty()));
}

// The same image gives the same bytes, so that a registry need not store them twice.
TRIAL(Save, IsTheSameEveryTime, Clauses{"image/config/reproducible-layers"}) {
  load(draft());
  const std::string once = saved(store(), {"registry.test/trial/image:1"}, scratch() / "one");
  EXPECT_EQ(saved(store(), {"registry.test/trial/image:1"}, scratch() / "two"), once);
}

TRIAL(Import, MakesAnImageOfOneLayer, Clauses{"docker/import/image"}) {
  const std::string bare = bare_tar([](TarWriter& tar) {
    tar.directory("etc");
    tar.file("etc/name", "imported");
  });
  scratch_file("root.tar.gz", packed(bare, Packing::kGzip));
  const seatrial::UniqueFd fd =
      seatrial::open_file(scratch() / "root.tar.gz", O_RDONLY | O_CLOEXEC);

  const ImageRecord image = store().import(fd.get(), {.cmd = {"/bin/x"}}, "by hand",
                                           seatrial::spec::parse_reference("registry.test/i:1"));

  ASSERT_THAT(image.config.diff_ids, SizeIs(1));
  EXPECT_EQ(image.config.diff_ids[0].text(), sha256_digest(bare));
  EXPECT_THAT(image.config.config.cmd, ElementsAre("/bin/x"));
  EXPECT_EQ(root_of(store().find("registry.test/i:1"))->read("etc/name"), "imported");
}

TRIAL(Import, OfABrokenArchiveLeavesNothing, Clauses{"docker/import/image"}) {
  std::string bare = bare_tar([](TarWriter& tar) { tar.file("big", std::string(5000, 'x')); });
  scratch_file("whole", bare);
  scratch_file("cut", bare.substr(0, 3000));
  const auto import = [&](const char* file) {
    const seatrial::UniqueFd fd = seatrial::open_file(scratch() / file, O_RDONLY | O_CLOEXEC);
    store().import(fd.get(), {}, "", std::nullopt);
  };
  const auto before = footprint();

  EXPECT_THAT(failure_of([&] { import("cut"); }), Not(IsEmpty()));

  EXPECT_THAT(left_since(before), IsEmpty());
  EXPECT_EQ(failure_of([&] { import("whole"); }), "");  // control
}

TRIAL(Export, WritesTheFilesystemAsOneArchive, Clauses{"docker/export/tar"}) {
  const Layer upper = layer([](TarWriter& tar) { tar.file(".wh.base", ""); });
  Draft with_removal = draft();
  with_removal.layers.push_back(upper);
  const auto root = root_of(load(with_removal));
  const seatrial::UniqueFd fd =
      seatrial::open_file(scratch() / "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  seatrial::image::ImageStore::export_tree(root->path(), fd.get());

  std::vector<std::string> files;
  for (const auto& [entry, content] : entries_of(seatrial::read_file(scratch() / "out"))) {
    if (entry.type == '0') files.push_back(entry.path + "=" + content);
  }
  EXPECT_THAT(files, ElementsAre("top=t"));
}
