// How a layer removes what lies beneath it.
#include "suites/integration/image/image_case.h"

namespace {

Layer beneath() {
  return layer([](TarWriter& tar) {
    tar.directory("d");
    tar.file("d/a", "lower a");
    tar.file("d/b", "lower b");
    tar.directory("d/sub");
    tar.file("d/sub/x", "lower x");
    tar.directory("e");
    tar.file("e/a", "other a");
  });
}

struct OrderRow {
  std::string name;
  Clauses clauses;
  bool mark_first;
};
const OrderRow kExplicit[] = {
    {"BeforeTheEntry", {"image/layer/whiteout-lower-only"}, true},
    {"AfterTheEntry", {"image/layer/whiteout-lower-only"}, false},
};
const OrderRow kOpaque[] = {
    {"BeforeTheEntries", {"image/layer/opaque", "image/layer/both-accepted"}, true},
    {"AfterTheEntries", {"image/layer/opaque", "image/layer/both-accepted"}, false},
};

struct NameRow {
  std::string name;
  Clauses clauses;
  std::string path;
};
const NameRow kBadNames[] = {
    {"Nothing", {"security/whiteout-escape"}, "d/.wh."},
    {"ItsDirectory", {"security/whiteout-escape"}, "d/.wh.."},
    {"TheParent", {"security/whiteout-escape"}, "d/.wh..."},
    {"TheParentOfTheRoot", {"security/whiteout-escape"}, ".wh..."},
};

}  // namespace

TRIAL(Whiteouts, RemoveAFileAndDoNotShow,
      Clauses{"image/layer/removal", "image/layer/whiteout-hidden"}) {
  const Layer upper = layer([](TarWriter& tar) { tar.file("d/.wh.a", ""); });

  const auto control = root_of(load({.layers = {beneath()}}));
  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(control->names("d"), ElementsAre("a", "b", "sub"));
  EXPECT_THAT(root->names("d"), ElementsAre("b", "sub"));
  EXPECT_EQ(root->read("e/a"), "other a");
}

TRIAL(Whiteouts, RemoveADirectoryWithAllThatIsInIt, Clauses{"image/layer/removal"}) {
  const Layer upper = layer([](TarWriter& tar) { tar.file(".wh.d", ""); });

  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(root->names(""), ElementsAre("e"));
}

// Removed and made again in a later layer, a directory has nothing of what it had.
TRIAL(Whiteouts, DoNotLetTheOldComeBack, Clauses{"image/layer/removal"}) {
  const Layer remove = layer([](TarWriter& tar) { tar.file(".wh.d", ""); });
  const Layer again = layer([](TarWriter& tar) {
    tar.directory("d");
    tar.file("d/new", "x");
  });

  const auto root = root_of(load({.layers = {beneath(), remove, again}}));

  EXPECT_THAT(root->names("d"), ElementsAre("new"));
}

TRIAL(Whiteouts, OfWhatIsNotThereDoNothing, Clauses{"image/layer/both-accepted"}) {
  const Layer upper = layer([](TarWriter& tar) {
    tar.file("d/.wh.absent", "");
    tar.file(".wh.absent", "");
  });

  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(root->names(""), ElementsAre("d", "e"));
  EXPECT_THAT(root->names("d"), ElementsAre("a", "b", "sub"));
}

// Where a layer has both, the removal is of the lower one and the entry stays.
TRIAL_TABLE(ExplicitWhiteout, kExplicit) {
  const Layer upper = layer([this](TarWriter& tar) {
    if (row().mark_first) tar.file("d/.wh.sub", "");
    tar.directory("d/sub");
    tar.file("d/sub/new", "upper");
    if (!row().mark_first) tar.file("d/.wh.sub", "");
  });

  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(root->names("d/sub"), ElementsAre("new"));
  EXPECT_EQ(root->read("d/a"), "lower a");
}

// All of the lower layers in that directory goes, none of its own, wherever the mark stands.
TRIAL_TABLE(OpaqueWhiteout, kOpaque) {
  const Layer upper = layer([this](TarWriter& tar) {
    tar.directory("d");
    if (row().mark_first) tar.file("d/.wh..wh..opq", "");
    tar.file("d/a", "upper a");
    tar.directory("d/sub");
    tar.file("d/sub/y", "upper y");
    if (!row().mark_first) tar.file("d/.wh..wh..opq", "");
  });

  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(root->names("d"), ElementsAre("a", "sub"));
  EXPECT_EQ(root->read("d/a"), "upper a");
  EXPECT_THAT(root->names("d/sub"), ElementsAre("y"));
  EXPECT_EQ(root->read("e/a"), "other a");  // control: beside it nothing goes
}

// A name that would stand for a directory or its parent removes nothing: the layer is refused.
TRIAL_TABLE(WhiteoutOf, kBadNames) {
  const ImageRecord before = load({.layers = {beneath()}});
  const auto bytes = footprint();
  const Layer upper = layer([this](TarWriter& tar) { tar.file(row().path, ""); });

  EXPECT_THAT(refusal(oci_layout({.layers = {beneath(), upper}})), HasSubstr("whiteout"));

  EXPECT_THAT(left_since(bytes), IsEmpty());
  EXPECT_EQ(root_of(before)->read("d/a"), "lower a");
  expect_canary_untouched();
}

// What overlayfs itself takes for a removal is none in a layer.
TRIAL(Whiteouts, AreNotSpelledInOverlaysOwnWay, Clauses{"security/overlay-xattrs"}) {
  const Layer upper = layer([](TarWriter& tar) {
    pax(tar, {{"SCHILY.xattr.trusted.overlay.opaque", "y"},
              {"SCHILY.xattr.trusted.overlay.redirect", "/e"},
              {"SCHILY.xattr.user.overlay.opaque", "y"}});
    tar.directory("d");
    tar.file("d/new", "x");
  });

  const auto root = root_of(load({.layers = {beneath(), upper}}));

  EXPECT_THAT(root->names("d"), ElementsAre("a", "b", "new", "sub"));
}

TRIAL(Whiteouts, AreNoDevices, Clauses{"security/overlay-xattrs"}) {
  const Layer upper = layer([](TarWriter& tar) {
    tar.add({.path = "d/a", .type = '3', .mode = 0600, .major = 0, .minor = 0});
  });

  EXPECT_THAT(refusal(oci_layout({.layers = {beneath(), upper}})), HasSubstr("d/a"));
  EXPECT_EQ(root_of(load({.layers = {beneath()}}))->read("d/a"), "lower a");  // control
}
