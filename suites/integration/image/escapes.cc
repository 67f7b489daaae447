// Layers that try to leave their root. The oracle is a canary on the host: neither read nor
// changed, replaced or removed. Whether the engine refuses the layer or contains it is its own
// choice.
#include "suites/integration/image/image_case.h"

namespace {

// Climbs to the host's root from any depth and down to the canary.
std::string climb(const std::filesystem::path& to) {
  std::string path;
  for (int i = 0; i < 24; ++i) path += "../";
  return path + to.relative_path().native();
}

using Fill = void (*)(TarWriter& tar, const std::filesystem::path& canary);

struct Escape {
  std::string name;
  Clauses clauses;
  Fill lower;
  Fill upper = nullptr;  // a second layer, where the attack needs one
};

void nothing(TarWriter&, const std::filesystem::path&) {}

const Escape kEscapes[] = {
    {"ByAClimbingName",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) { tar.file(climb(canary / "secret"), "hit"); }},
    {"ByANameThatClimbsOnTheWay",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.directory("a");
       tar.file("a/" + climb(canary / "new"), "hit");
     }},
    {"ByAnAbsoluteName",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) { tar.file((canary / "secret").native(), "hit"); }},
    {"ThroughAnAbsoluteLink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("out", canary.native());
       tar.file("out/secret", "hit");
       tar.file("out/new", "hit");
     }},
    {"ThroughAClimbingLink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("out", climb(canary));
       tar.file("out/secret", "hit");
     }},
    {"ThroughAChainOfLinks",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("one", canary.parent_path().native());
       tar.symlink("two", "one/canary");
       tar.file("two/secret", "hit");
     }},
    {"ThroughProcSelfRoot",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("out", "/proc/self/root" + canary.native());
       tar.file("out/secret", "hit");
     }},
    {"ThroughALinkOfALowerLayer",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) { tar.symlink("out", canary.native()); },
     [](TarWriter& tar, const auto&) { tar.file("out/secret", "hit"); }},
    {"ThroughADirectoryThatBecomesALink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.directory("d");
       tar.file("d/x", "1");
       tar.symlink("d", canary.native());
       tar.file("d/secret", "hit");
     }},
    {"OverALinkToAFile",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("f", (canary / "secret").native());
       tar.file("f", "hit");
     }},
    {"ByAHardLinkWithAnAbsoluteTarget",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.add({.path = "h", .type = '1', .target = (canary / "secret").native()});
     }},
    {"ByAHardLinkThatClimbs",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.add({.path = "h", .type = '1', .target = climb(canary / "secret")});
     }},
    {"ByAHardLinkThroughALink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("out", canary.native());
       tar.add({.path = "h", .type = '1', .target = "out/secret"});
     }},
    {"ByWritingIntoAHardLinkOfALink",
     {"security/cve-2021-32760", "security/cve-2014-6407"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("s", (canary / "secret").native());
       tar.add({.path = "h", .type = '1', .mode = 0777, .uid = 4242, .target = "s"});
     }},
    {"ByTheModeOfALinkedDirectory",
     {"security/cve-2021-32760"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("d", canary.native());
       tar.add({.path = "d", .type = '5', .mode = 0777, .uid = 4242});
     }},
    {"ByALinkInPlaceOfTheRoot",
     {"security/cve-2021-29136"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink(".", canary.native());
       tar.file("secret", "hit");
     }},
    {"ByAWhiteoutThroughALink",
     {"security/whiteout-escape"},
     [](TarWriter& tar, const auto& canary) {
       tar.symlink("out", canary.native());
       tar.file("out/.wh.secret", "");
     }},
    {"ByAnOpaqueMarkThroughALink",
     {"security/whiteout-escape"},
     [](TarWriter& tar, const auto& canary) { tar.symlink("out", canary.native()); },
     [](TarWriter& tar, const auto&) { tar.file("out/.wh..wh..opq", ""); }},
    {"ByAWhiteoutThatClimbs",
     {"security/whiteout-escape"},
     [](TarWriter& tar, const auto& canary) { tar.file(climb(canary / ".wh.secret"), ""); }},
};

}  // namespace

TRIAL_TABLE(Escape, kEscapes) {
  const auto layer_of = [&](Fill fill, const std::string& control) {
    return layer([&](TarWriter& tar) {
      tar.file(control, "control");
      fill(tar, canary());
    });
  };
  Draft draft{.layers = {layer_of(row().lower, "control-1")}};
  Draft honest{.layers = {layer_of(nothing, "control-1")}};
  if (row().upper != nullptr) {
    draft.layers.push_back(layer_of(row().upper, "control-2"));
    honest.layers.push_back(layer_of(nothing, "control-2"));
  }
  const auto control = root_of(load(honest));  // without the attack the layers are good
  EXPECT_EQ(control->read("control-1"), "control");
  const auto before = footprint();

  const std::string sentence = refusal(oci_layout(draft));

  expect_canary_untouched();
  if (!sentence.empty()) {
    EXPECT_THAT(sentence, HasSubstr("layer entry"));  // names what it refuses
    EXPECT_THAT(left_since(before), IsEmpty());
    return;
  }
  const auto root = root_of(store().find(draft.name));
  EXPECT_EQ(root->read("control-1"), "control");
  // Not so much as a copy of it came in.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root->path())) {
    if (entry.symlink_status().type() != std::filesystem::file_type::regular) continue;
    EXPECT_NE(root->read(entry.path().lexically_relative(root->path())), "untouched");
  }
}
