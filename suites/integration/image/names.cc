// Names, removal and garbage; containers' changes and the images made of them.
#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/reference.h"
#include "harness/fixtures/image_layout.h"
#include "suites/integration/image/image_case.h"

namespace {

using seatrial::image::Change;
using seatrial::image::ChangeKind;
using seatrial::image::ImageStore;
using seatrial::spec::parse_reference;

Draft image_of(const std::string& name, const std::string& content) {
  return {.layers = {layer([](TarWriter& tar) {
                       tar.file("base", "shared");
                       tar.directory("d");
                       tar.file("d/old", "x");
                     }),
                     layer([&](TarWriter& tar) { tar.file("own", content); })},
          .name = "registry.test/" + name};
}

const ImageStore::UsedBy kNobody = {};

// One container, for the image with this id.
ImageStore::UsedBy used_as(const seatrial::spec::Digest& image) {
  return [image](const seatrial::spec::Digest& id) {
    return id == image ? std::vector<ImageStore::User>{{.name = "c0ffee"}}
                       : std::vector<ImageStore::User>{};
  };
}

}  // namespace

TRIAL(Tag, GivesAnotherName, Clauses{"docker/tag/name"}) {
  const ImageRecord image = load(image_of("a:1", "a"));

  store().tag("registry.test/a:1", parse_reference("registry.test/b:2"));

  EXPECT_EQ(store().find("registry.test/b:2").id, image.id);
  EXPECT_THAT(store().find("registry.test/a:1").names,
              UnorderedElementsAre("registry.test/a:1", "registry.test/b:2"));
}

TRIAL(Tag, MovesFromOneImageToAnother, Clauses{"docker/tag/name"}) {
  const ImageRecord first = load(image_of("a:1", "a"));
  const ImageRecord second = load(image_of("b:1", "b"));

  store().tag("registry.test/b:1", parse_reference("registry.test/a:1"));

  EXPECT_EQ(store().find("registry.test/a:1").id, second.id);
  EXPECT_THAT(store().find(first.id.text()).names, IsEmpty());  // dangling, not gone
}

TRIAL(Tag, RefusesWhatIsNoName, Clauses{"docker/tag/invalid", "distribution/pull/tag"}) {
  for (const char* name : {"registry.test/UPPER:1", "a:-1", "a//b", "../a", "a:b:c", "",
                           "a@sha256:12", "registry.test/a: 1"}) {
    EXPECT_THAT(failure_of([&] { parse_reference(name); }), StartsWith("invalid argument"))
        << '"' << name << '"';
  }
  EXPECT_EQ(parse_reference("registry.test/a:1_.-b").tag, "1_.-b");  // control
}

TRIAL(Remove, OfOneOfSeveralNamesUntags, Clauses{"docker/rmi/untags"}) {
  const ImageRecord image = load(image_of("a:1", "a"));
  store().tag("registry.test/a:1", parse_reference("registry.test/b:2"));

  const auto result = store().remove("registry.test/b:2", false);

  EXPECT_THAT(result.untagged, ElementsAre("registry.test/b:2"));
  EXPECT_THAT(result.deleted, IsEmpty());
  EXPECT_EQ(store().find("registry.test/a:1").id, image.id);
}

TRIAL(Remove, OfTheLastNameTakesTheLayersThatNothingElseHas, Clauses{"docker/rmi/removes"}) {
  const auto empty = footprint();
  const ImageRecord first = load(image_of("a:1", "a"));
  const ImageRecord second = load(image_of("b:1", "b"));  // the lower layer is the same

  const auto result = store().remove("registry.test/a:1", false);

  EXPECT_THAT(result.deleted, ElementsAre(first.id));
  EXPECT_THAT(failure_of([&] { store().find("registry.test/a:1"); }), HasSubstr("No such image"));
  EXPECT_FALSE(store().has_layer(first.config.diff_ids[1]));
  EXPECT_TRUE(store().has_layer(second.config.diff_ids[0]));
  EXPECT_EQ(root_of(second)->read("base"), "shared");
  store().remove("registry.test/b:1", false);
  std::vector<std::string> left = left_since(empty);
  std::erase_if(left,
                [](const std::string& path) { return path.starts_with("store/image/images."); });
  EXPECT_THAT(left, IsEmpty());
}

TRIAL(Remove, ByIdRefusesAnImageOfSeveralRepositories,
      Clauses{"docker/rmi/by-id-several", "docker/rmi/force"}) {
  const ImageRecord image = load(image_of("a:1", "a"));
  store().tag("registry.test/a:1", parse_reference("registry.test/b:2"));

  EXPECT_THAT(failure_of([&] { store().remove(image.id.text(), false); }), StartsWith("conflict"));
  EXPECT_EQ(store().find("registry.test/b:2").id, image.id);

  const auto forced = store().remove(image.id.text(), true);
  EXPECT_THAT(forced.untagged, UnorderedElementsAre("registry.test/a:1", "registry.test/b:2"));
  EXPECT_THAT(store().list(), IsEmpty());
}

TRIAL(Remove, RefusesAnImageInUse, Clauses{"docker/rmi/in-use"}) {
  const ImageRecord image = load(image_of("a:1", "a"));

  EXPECT_THAT(failure_of([&] { store().remove("registry.test/a:1", false, used_as(image.id)); }),
              AllOf(StartsWith("conflict"), HasSubstr("c0ffee")));

  EXPECT_EQ(store().find("registry.test/a:1").id, image.id);
  EXPECT_THAT(store().remove("registry.test/a:1", false, kNobody).deleted,
              ElementsAre(image.id));  // control
}

TRIAL(Prune, TakesWhatHasNoName, Clauses{"docker/image-prune/dangling"}) {
  const ImageRecord dangling = load(image_of("a:1", "old"));
  const ImageRecord named = load(image_of("a:1", "new"));

  const auto result = store().prune(ImageStore::Prune::kDangling);

  EXPECT_THAT(result.deleted, ElementsAre(dangling.id));
  EXPECT_GT(result.reclaimed, 0U);
  EXPECT_EQ(store().find("registry.test/a:1").id, named.id);
}

TRIAL(Prune, OfAllSparesWhatContainersUse,
      Clauses{"docker/image-prune/all", "docker/image-prune/dangling"}) {
  const ImageRecord used = load(image_of("a:1", "a"));
  const ImageRecord unused = load(image_of("b:1", "b"));

  const auto result = store().prune(ImageStore::Prune::kUnused, used_as(used.id));

  EXPECT_THAT(result.deleted, ElementsAre(unused.id));
  EXPECT_EQ(store().find("registry.test/a:1").id, used.id);
}

TRIAL(History, ListsTheYoungestFirst,
      Clauses{"docker/history/layers", "image/config/empty-layer"}) {
  Draft draft = image_of("a:1", "a");
  draft.history =
      R"([{"created_by":"base"},{"created_by":"ENV","empty_layer":true},{"created_by":"top"}])";
  load(draft);

  std::vector<std::string> steps;
  for (const auto& item : store().history("registry.test/a:1")) {
    steps.push_back(fmt::format("{} {}", item.entry.created_by, item.size));
  }

  EXPECT_THAT(steps, ElementsAre("top 1", "ENV 0", "base 7"));
}

TRIAL(Diff, TellsWhatWasAddedChangedAndRemoved, Clauses{"docker/diff/kinds"}) {
  const auto root = root_of(load(image_of("a:1", "a")));
  EXPECT_THAT(store().diff(root->id()), IsEmpty());  // control

  seatrial::write_file_atomically(root->path() / "d/new", "n");
  std::filesystem::remove(root->path() / "base");
  ::chmod((root->path() / "own").c_str(), 0600);

  EXPECT_THAT(
      store().diff(root->id()),
      ElementsAre(Change{ChangeKind::kDeleted, "/base"}, Change{ChangeKind::kModified, "/d"},
                  Change{ChangeKind::kAdded, "/d/new"}, Change{ChangeKind::kModified, "/own"}));
}

TRIAL(Commit, MakesAnImageThatShowsTheSame,
      Clauses{"docker/commit/image", "docker/commit/message", "image/layer/only-changes",
              "image/layer/explicit-produced"}) {
  const ImageRecord base = load(image_of("a:1", "a"));
  const auto root = root_of(base);
  seatrial::write_file_atomically(root->path() / "d/new", "n");
  std::filesystem::remove(root->path() / "base");

  const ImageRecord made = store().commit(root->id(), {.comment = "by trial", .created_by = "sh"},
                                          parse_reference("registry.test/c:1"));

  const auto shown = root_of(store().find("registry.test/c:1"));
  EXPECT_THAT(shown->names(""), ElementsAre("d", "own"));
  EXPECT_THAT(shown->names("d"), ElementsAre("new", "old"));
  ASSERT_THAT(made.config.diff_ids, SizeIs(3));
  EXPECT_EQ(made.config.diff_ids[1], base.config.diff_ids[1]);
  EXPECT_EQ(made.config.history.back().comment, "by trial");
  EXPECT_THAT(made.config.config.cmd, ElementsAre("/trial"));  // the base's
  // The layer has the change and the removal, and none of what stayed.
  const auto manifest =
      seatrial::spec::parse_manifest(store().blobs().read(made.manifest, 1u << 20), "");
  const auto& top = std::get<seatrial::spec::Manifest>(manifest).layers.back();
  std::vector<std::string> files;
  for (const auto& [entry, content] : entries_of(store().blobs().read(top.digest, 1u << 20))) {
    if (entry.type == '0') files.push_back(entry.path);
  }
  EXPECT_THAT(files, UnorderedElementsAre(".wh.base", "d/new"));
}

TRIAL(Snapshots, LeaveTheImageAlone, Clauses{"image/layer/snapshot-apart"}) {
  const ImageRecord image = load(image_of("a:1", "a"));
  const auto one = root_of(image);
  seatrial::write_file_atomically(one->path() / "own", "changed");
  std::filesystem::remove_all(one->path() / "d");

  const auto two = root_of(image);

  EXPECT_EQ(one->read("own"), "changed");  // control
  EXPECT_EQ(two->read("own"), "a");
  EXPECT_THAT(two->names("d"), ElementsAre("old"));
}

TRIAL(Snapshots, OutliveTheRemovalOfTheirImage, Clauses{"docker/rmi/force"}) {
  const ImageRecord image = load(image_of("a:1", "a"));
  const auto root = root_of(image);

  store().remove("registry.test/a:1", true);

  EXPECT_THAT(store().list(), IsEmpty());
  EXPECT_EQ(root->read("base"), "shared");
}

// ids and names that are paths lead nowhere.
TRIAL(Snapshots, RefuseIdsThatArePaths, Clauses{"security/cve-2014-9358"}) {
  const ImageRecord image = load(image_of("a:1", "a"));
  for (const char* id : {"../canary", "a/b", "..", ".", ""}) {
    EXPECT_THAT(failure_of([&] { store().prepare(id, image.id); }), StartsWith("invalid argument"))
        << '"' << id << '"';
  }
  EXPECT_THAT(failure_of([&] { store().find("../canary"); }), Not(IsEmpty()));
  expect_canary_untouched();
  EXPECT_EQ(failure_of([&] { store().prepare("fine", image.id); }), "");  // control
  store().remove_snapshot("fine");
}
