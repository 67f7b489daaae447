#include "engine/image/image_store.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include "engine/image/store_fixture.h"
#include "engine/sys/memfd.h"

namespace seatrial::image::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Images = StoreTest;

TEST_F(Images, AreFoundByNameDigestAndStartOfId) {
  const ImageRecord image = add("app:1", {tar({file("a", "12345")})});
  EXPECT_EQ(image.size, 5U);
  EXPECT_THAT(image.names, ElementsAre("docker.io/library/app:1"));
  for (const std::string& text :
       {std::string("app:1"), std::string("docker.io/library/app:1"), image.id.text(),
        std::string(image.id.hex()), std::string(image.id.hex().substr(0, 12))}) {
    EXPECT_EQ(store_.find(text).id, image.id) << text;
  }
  EXPECT_EQ(failure_of(Kind::kNotFound, [&] { store_.find("app"); }), "No such image: app");
  EXPECT_EQ(failure_of(Kind::kNotFound, [&] { store_.find("no such"); }), "No such image: no such");
}

TEST_F(Images, ATagMovesAndLeavesTheOldImageDangling) {
  const ImageRecord first = add("app", {tar({file("a", "1")})});
  const ImageRecord second = add("app", {tar({file("a", "2")})});
  EXPECT_EQ(store_.find("app").id, second.id);
  EXPECT_THAT(store_.find(first.id.text()).names, IsEmpty());
  store_.tag(first.id.text(), spec::parse_reference("old:1"));
  EXPECT_EQ(store_.find("old:1").id, first.id);
  EXPECT_THAT(store_.list(), SizeIs(2));
  EXPECT_THAT(store_.prune(ImageStore::Prune::kDangling).deleted, IsEmpty());
}

TEST_F(Images, ShareLayersAndCollectThemWithTheLast) {
  const std::string shared = tar({file("a", "shared")});
  add("one", {shared, tar({file("b", "1")})});
  add("two", {shared, tar({file("b", "2")})});
  EXPECT_THAT(names_in("image/layers"), SizeIs(3));
  EXPECT_THAT(store_.remove("one", false).untagged, ElementsAre("one:latest"));
  EXPECT_THAT(names_in("image/layers"), SizeIs(2));
  EXPECT_EQ(store_.remove("two", false).deleted.size(), 1U);
  EXPECT_THAT(names_in("image/layers"), IsEmpty());
  EXPECT_THAT(store_.blobs().list(), IsEmpty());
}

TEST_F(Images, CountASharedLayerOnce) {
  const std::string base = tar({file("base", std::string(1000, 'x'))});
  const ImageRecord one = add("one", {base, tar({file("a", std::string(20, 'x'))})});
  add("two", {base, tar({file("b", std::string(3, 'x'))})});
  EXPECT_EQ(store_.layer_use().size, 1023U);
  EXPECT_EQ(store_.layer_use().unused, 1023U);
  const auto used = [&](const spec::Digest& id) {
    return id == one.id ? std::vector<ImageStore::User>{{.name = "box"}}
                        : std::vector<ImageStore::User>{};
  };
  EXPECT_EQ(store_.layer_use(used).size, 1023U);
  EXPECT_EQ(store_.layer_use(used).unused, 3U);  // the base is the used image's, too
}

TEST_F(Images, AreRemovedAsDockerDoes) {
  const ImageRecord image = add("app:1", {tar({file("a", "1")})});
  store_.tag("app:1", spec::parse_reference("app:2"));
  EXPECT_THAT(failure_of(Kind::kConflict, [&] { store_.remove(image.id.text(), false); }),
              HasSubstr("several names"));
  EXPECT_THAT(store_.remove("app:1", false).deleted, IsEmpty());
  bool runs = false;
  const auto used = [&](const spec::Digest&) {
    return std::vector<ImageStore::User>{{.name = "box", .runs = runs}};
  };
  EXPECT_THAT(failure_of(Kind::kConflict, [&] { store_.remove("app:2", false, used); }),
              HasSubstr("is used by the container box"));
  EXPECT_THAT(store_.prune(ImageStore::Prune::kUnused, used).deleted, IsEmpty());

  runs = true;
  EXPECT_THAT(failure_of(Kind::kConflict, [&] { store_.remove(image.id.text(), true, used); }),
              HasSubstr("forced or not: the running container box"));
  const RemoveResult untagged = store_.remove("app:2", true, used);
  EXPECT_THAT(untagged.untagged, ElementsAre("app:2"));
  EXPECT_THAT(untagged.deleted, IsEmpty());
  EXPECT_EQ(store_.find(image.id.text()).names.size(), 0U);

  runs = false;
  EXPECT_THAT(store_.remove(image.id.text(), true, used).deleted, ElementsAre(image.id));
  EXPECT_THAT(store_.list(), IsEmpty());
}

TEST_F(Images, NothingIsCollectedDuringALease) {
  const spec::Digest blob = store_.blobs().put("half a pull");
  {
    const UniqueFd lease = store_.lease();
    store_.collect();
    EXPECT_TRUE(store_.blobs().has(blob));
  }
  EXPECT_EQ(store_.collect(), 11U);
  EXPECT_FALSE(store_.blobs().has(blob));
}

TEST_F(Images, WithAWrongDiffIdLeaveNoLayer) {
  const std::string layer = tar({file("a", "1")});
  spec::Manifest manifest{.media_type = std::string(spec::media_type::kOciManifest)};
  manifest.layers = {{.media_type = std::string(spec::media_type::kOciLayer),
                      .digest = store_.blobs().put(layer),
                      .size = layer.size()}};
  spec::ImageConfig config{.architecture = "amd64", .os = "linux", .diff_ids = {digest_of("x")}};
  const auto refusal = [&] {
    return failure_of(Kind::kInvalidArgument,
                      [&] { store_.add(put(manifest, config), std::nullopt); });
  };
  EXPECT_THAT(refusal(), HasSubstr("has the diffID sha256:"));
  config.diff_ids.push_back(digest_of("y"));
  EXPECT_THAT(refusal(), HasSubstr("has 1 layers but its config lists 2"));
  config.diff_ids = {digest_of(layer)};
  manifest.layers[0].size += 1;
  EXPECT_THAT(refusal(), HasSubstr("where its manifest says"));
  manifest.layers[0].size -= 1;
  manifest.layers[0].media_type = "application/zip";
  EXPECT_THAT(refusal(), HasSubstr("which is no layer"));
  EXPECT_THAT(names_in("image/layers"), IsEmpty());
  EXPECT_THAT(store_.list(), IsEmpty());
}

TEST_F(Images, OfManyLayersFailAsAWholeWhenOneIsHostile) {
  std::vector<std::string> layers;
  for (int count = 0; count < 12; ++count) {
    layers.push_back(tar({file("f" + std::to_string(count), std::string(10'000, 'x'))}));
  }
  EXPECT_EQ(add("good", layers).size, 120'000U);
  layers.push_back(tar({file("../evil", "x")}));
  EXPECT_THAT(failure_of(Kind::kInvalidArgument, [&] { add("bad", layers); }),
              HasSubstr("layer entry \"../evil\""));
  EXPECT_THAT(names_in("image/layers"), SizeIs(12));
  EXPECT_THAT(store_.list(), SizeIs(1));
}

TEST_F(Images, TellTheirHistoryNewestFirst) {
  const ImageRecord image = add("app", {tar({file("a", "1")}), tar({file("b", "333")})});
  const std::vector<HistoryItem> items = store_.history("app");
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[0].id, image.id);
  EXPECT_EQ(items[0].size, 3U);
  EXPECT_EQ(items[0].entry.created_by, "layer 1");
  EXPECT_FALSE(items[1].id.has_value());
}

TEST_F(Images, SavedAreLoadedByAnotherStore) {
  const ImageRecord image = add("app:1", {tar({file("a", "1")}), tar({file("b", "2")})});
  store_.tag("app:1", spec::parse_reference("localhost:5000/other"));
  const UniqueFd archive = open_file(root_.path() / "saved.tar", O_RDWR | O_CREAT, 0600);
  store_.save({"app:1", "localhost:5000/other", "app:1"}, archive.get());
  ASSERT_EQ(::lseek(archive.get(), 0, SEEK_SET), 0);
  const TempDir elsewhere("/dev/shm");
  const ImageStore other(elsewhere.path());
  const std::vector<ImageRecord> loaded = other.load(archive.get());
  ASSERT_THAT(loaded, SizeIs(1));
  EXPECT_EQ(loaded[0].id, image.id);
  EXPECT_EQ(loaded[0].manifest, image.manifest);
  EXPECT_THAT(loaded[0].names,
              ElementsAre("docker.io/library/app:1", "localhost:5000/other:latest"));
  EXPECT_EQ(other.blobs().list().size(), store_.blobs().list().size());
}

// As docker 20.10 writes them: layers in directories of their own, shared ones by link.
TEST_F(Images, AreLoadedFromADockerArchive) {
  const std::string layer = tar({file("a", "1")});
  const spec::ImageConfig config{
      .architecture = "amd64", .os = "linux", .diff_ids = {digest_of(layer), digest_of(layer)}};
  const std::string archive = tar(
      {file("c.json", spec::print_image_config(config)), dir("one"), file("one/VERSION", "1.0"),
       file("one/layer.tar", layer), dir("two"), symlink("two/layer.tar", "../one/layer.tar"),
       file(
           "manifest.json",
           R"([{"Config":"c.json","RepoTags":["a:1","a:2"],"Layers":["one/layer.tar","two/layer.tar"]}])")});
  const UniqueFd fd = sys::sealed_memfd("archive", archive);
  const std::vector<ImageRecord> loaded = store_.load(fd.get());
  ASSERT_THAT(loaded, SizeIs(1));
  EXPECT_THAT(loaded[0].names, ElementsAre("docker.io/library/a:1", "docker.io/library/a:2"));
  EXPECT_THAT(store_.blobs().list(), SizeIs(3));  // VERSION and manifest.json are not kept
  EXPECT_THAT(names_in("image/layers"), SizeIs(1));
}

TEST_F(Images, AreNotLoadedFromWhatLies) {
  const auto load = [&](const std::string& archive) {
    const UniqueFd fd = sys::sealed_memfd("archive", archive);
    return failure_of(Kind::kInvalidArgument, [&] { store_.load(fd.get()); });
  };
  EXPECT_THAT(load(tar({file("x", "")})), HasSubstr("it holds no image"));
  EXPECT_THAT(load(tar({file("blobs/sha256/" + std::string(64, 'a'), "x")})),
              HasSubstr("has another digest"));
  EXPECT_THAT(load(tar({file("blobs/sha256/evil", "x")})), HasSubstr("is not a digest"));
  EXPECT_THAT(load(tar({file("manifest.json", R"([{"Config":"../../c","Layers":[]}])")})),
              HasSubstr("climbs out"));
  EXPECT_THAT(load(tar({file("manifest.json", R"([{"Config":"c","Layers":[]}])"),
                        symlink("c", "/etc/passwd")})),
              HasSubstr("the archive has no file"));
  EXPECT_THAT(store_.list(), IsEmpty());
}

// What is remembered of an archive until its end is bounded, and the refusal names where it ended.
TEST_F(Images, AreNotLoadedFromAnArchiveOfTooManyNames) {
  const std::string target(3000, 't');
  const auto load = [&](int links) {
    std::vector<Item> items;
    for (int i = 0; i < links; ++i) items.push_back(symlink("link" + std::to_string(i), target));
    const UniqueFd fd = sys::sealed_memfd("archive", tar(items));
    return failure_of(links < 10000 ? Kind::kInvalidArgument : Kind::kExhausted,
                      [&] { store_.load(fd.get()); });
  };
  EXPECT_THAT(load(9000), HasSubstr("it holds no image"));  // control
  EXPECT_EQ(load(12000),
            "archive entry \"link10485\": the names of the archive's files take more "
            "than 32 MiB");
}

TEST_F(Images, AreImportedAndExported) {
  const UniqueFd fd = sys::sealed_memfd("root", tar({dir("bin"), file("bin/x", "xyz")}));
  const ImageRecord image =
      store_.import(fd.get(), {.cmd = {"/bin/x"}}, "by hand", spec::parse_reference("mine"));
  EXPECT_THAT(image.config.config.cmd, ElementsAre("/bin/x"));
  EXPECT_EQ(store_.find("mine").size, 3U);
  const UniqueFd out = open_file(root_.path() / "out.tar", O_RDWR | O_CREAT, 0600);
  ImageStore::export_tree(root_.path() / "image/layers" / image.config.diff_ids[0].hex() / "fs",
                          out.get());
  ASSERT_EQ(::lseek(out.get(), 0, SEEK_SET), 0);
  EXPECT_EQ(store_.import(out.get(), {}, "", std::nullopt).size, 3U);
}

// Killed at many instants of adding an image, whoever opens the store next finds whole images and
// nothing half-made, and can add it.
TEST_F(Images, SurviveAKillAtAnyInstant) {
  std::vector<std::string> layers;
  for (int count = 0; count < 4; ++count) {
    std::vector<Item> items;
    for (int at = 0; at < 300; ++at)
      items.push_back(file(std::to_string(at), std::to_string(count)));
    layers.push_back(tar(items));
  }
  const spec::Digest manifest = put(layers);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      const ImageStore store(root_.path());
      store.add(manifest, spec::parse_reference("app"));
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(round * 400));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const ImageStore store(root_.path());
    for (const std::string& name : names_in("image/layers")) {
      ASSERT_THAT(name, Not(HasSubstr(".new-")));
      ASSERT_THAT(names_in("image/layers/" + name + "/fs"), SizeIs(300));
    }
    if (round % 4 == 3) {
      EXPECT_EQ(store.add(manifest, spec::parse_reference("app")).names.size(), 1U);
      store.remove("app", false);
      ASSERT_EQ(put(layers), manifest);
    }
  }
}

}  // namespace
}  // namespace seatrial::image::testing
