// What a layer's archive holds is what the filesystem of its image has.
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "harness/fixtures/image_layout.h"
#include "suites/integration/image/image_case.h"

namespace {

struct PackingRow {
  std::string name;
  Clauses clauses;
  Packing packing;
  std::string media_type = {};  // empty: OCI's
};

const PackingRow kPackings[] = {
    {"Bare", {"image/manifest/layer-tar", "image/config/diff-id"}, Packing::kNone},
    {"Gzip", {"image/manifest/layer-gzip", "image/config/diff-id"}, Packing::kGzip},
    {"Zstd", {"image/config/diff-id", "image/layer/tar"}, Packing::kZstd},
    {"DockersGzip",
     {"image/media-types/docker"},
     Packing::kGzip,
     "application/vnd.docker.image.rootfs.diff.tar.gzip"},
    {"Nondistributable",
     {"image/manifest/layer-nondistributable"},
     Packing::kGzip,
     "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"},
};

std::string attribute(const std::filesystem::path& path, const char* name) {
  char value[256];
  const ssize_t size = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return size < 0 ? "absent" : std::string(value, static_cast<std::size_t>(size));
}

}  // namespace

// However a layer is compressed, its files and its DiffID are those of the bare archive.
TRIAL_TABLE(LayerPacking, kPackings) {
  Layer packed = layer([](TarWriter& tar) { tar.file("a", "content"); }, row().packing);
  if (!row().media_type.empty()) packed.media_type = row().media_type;

  const ImageRecord image = load({.layers = {packed}});

  ASSERT_THAT(image.config.diff_ids, SizeIs(1));
  EXPECT_EQ(image.config.diff_ids[0].text(), packed.diff_id);
  EXPECT_EQ(root_of(image)->read("a"), "content");
}

TRIAL(Layers, KeepModesOwnersAndTimes,
      Clauses{"image/layer/mode", "image/layer/uid-gid", "image/layer/mtime"}) {
  const ImageRecord image =
      load({.layers = {layer([](TarWriter& tar) {
              tar.add({.path = "su",
                       .mode = 04751,
                       .uid = 1000,
                       .gid = 2000,
                       .content = "x",
                       .mtime = 1234567890});
              tar.add({.path = "plain", .content = "x", .mtime = 1});
              tar.add({.path = "d", .type = '5', .mode = 01777, .uid = 7, .gid = 8, .mtime = 99});
              tar.file("d/inside", "later than its directory");
            })}});
  const auto root = root_of(image);

  const struct stat su = root->status("su");
  EXPECT_EQ(su.st_mode, S_IFREG | 04751U);
  EXPECT_EQ(su.st_uid, 1000U);
  EXPECT_EQ(su.st_gid, 2000U);
  EXPECT_EQ(su.st_mtim.tv_sec, 1234567890);
  EXPECT_EQ(root->status("plain").st_mode, S_IFREG | 0644U);  // control: nothing is given to all
  EXPECT_EQ(root->status("plain").st_uid, 0U);
  const struct stat directory = root->status("d");
  EXPECT_EQ(directory.st_mode, S_IFDIR | 01777U);
  EXPECT_EQ(directory.st_uid, 7U);
  EXPECT_EQ(directory.st_mtim.tv_sec, 99);
}

TRIAL(Layers, KeepExtendedAttributes, Clauses{"image/layer/xattrs"}) {
  // cap_net_raw as setcap writes it: revision 2, effective.
  const std::string capability(
      "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00",
      20);
  const ImageRecord image = load({.layers = {layer([&](TarWriter& tar) {
                                    tar.file("plain", "x");
                                    pax(tar, {{"SCHILY.xattr.user.note", "kept"},
                                              {"SCHILY.xattr.security.capability", capability}});
                                    tar.file("ping", "x", 0755);
                                  })}});
  const auto root = root_of(image);

  EXPECT_EQ(attribute(root->path() / "ping", "user.note"), "kept");
  EXPECT_EQ(attribute(root->path() / "ping", "security.capability"), capability);
  EXPECT_EQ(attribute(root->path() / "plain", "security.capability"), "absent");  // control
}

TRIAL(Layers, KeepHardLinks, Clauses{"image/layer/hardlinks"}) {
  const ImageRecord image = load({.layers = {layer([](TarWriter& tar) {
                                    tar.directory("d");
                                    tar.file("d/one", "shared");
                                    tar.add({.path = "two", .type = '1', .target = "d/one"});
                                    tar.file("other", "shared");
                                  })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->read("two"), "shared");
  EXPECT_EQ(root->status("two").st_ino, root->status("d/one").st_ino);
  EXPECT_EQ(root->status("two").st_nlink, 2U);
  EXPECT_NE(root->status("other").st_ino, root->status("two").st_ino);  // control
}

// A link's target is text: it is neither resolved nor judged.
TRIAL(Layers, KeepSymbolicLinks, Clauses{"image/layer/symlinks"}) {
  const std::vector<std::string> targets{"a", "/etc/absolute", "../../climbs", "no/such/thing"};
  const ImageRecord image = load({.layers = {layer([&](TarWriter& tar) {
                                    tar.file("a", "content");
                                    for (std::size_t i = 0; i < targets.size(); ++i) {
                                      tar.symlink("link" + std::to_string(i), targets[i]);
                                    }
                                  })}});
  const auto root = root_of(image);

  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto link = root->path() / ("link" + std::to_string(i));
    EXPECT_EQ(std::filesystem::read_symlink(link), targets[i]);
  }
  EXPECT_EQ(root->read("link0"), "content");
}

TRIAL(Layers, KeepDevicesAndPipes, Clauses{"image/layer/tar"}, Needs{Feature::kMakeDevices}) {
  const ImageRecord image = load(
      {.layers = {layer([](TarWriter& tar) {
         tar.directory("dev");
         tar.add({.path = "dev/null", .type = '3', .mode = 0666, .major = 1, .minor = 3});
         tar.add({.path = "dev/loop", .type = '4', .mode = 0660, .gid = 6, .major = 7, .minor = 9});
         tar.add({.path = "dev/pipe", .type = '6', .mode = 0600});
       })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->status("dev/null").st_mode, S_IFCHR | 0666U);
  EXPECT_EQ(root->status("dev/null").st_rdev, makedev(1, 3));
  EXPECT_EQ(root->status("dev/loop").st_mode, S_IFBLK | 0660U);
  EXPECT_EQ(root->status("dev/loop").st_rdev, makedev(7, 9));
  EXPECT_EQ(root->status("dev/pipe").st_mode, S_IFIFO | 0600U);
}

TRIAL(Layers, KeepLongNames, Clauses{"image/layer/tar", "image/layer/symlinks"}) {
  std::string deep = "a";
  for (int i = 0; i < 12; ++i) deep += "/" + std::string(60, static_cast<char>('a' + i));
  const std::string wide(255, 'w');
  const std::string far(1000, 't');
  const std::string foreign = "gr\xc3\xbc\xc3\x9f \xe6\x96\x87\xe4\xbb\xb6";
  const ImageRecord image = load({.layers = {layer([&](TarWriter& tar) {
                                    tar.file(deep, "deep");
                                    tar.file(wide, "wide");
                                    tar.symlink("far", far);
                                    tar.file(foreign, "foreign");
                                  })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->read(deep), "deep");
  EXPECT_EQ(root->read(wide), "wide");
  EXPECT_EQ(std::filesystem::read_symlink(root->path() / "far"), far);
  EXPECT_EQ(root->read(foreign), "foreign");
}

// Archives are not to hold them, but some do (GNU tar --sparse); what they stand for counts.
TRIAL(Layers, FillTheHolesOfSparseFiles, Clauses{"image/layer/sparse", "image/layer/tar"}) {
  const std::string map = "2\n0\n4\n1048572\n4\n";  // "head" at 0, "tail" at the end of 1 MiB
  const ImageRecord image = load(
      {.layers = {layer([&](TarWriter& tar) {
         pax(tar, {{"GNU.sparse.major", "1"},
                   {"GNU.sparse.minor", "0"},
                   {"GNU.sparse.name", "sparse"},
                   {"GNU.sparse.realsize", "1048576"}});
         tar.file("GNUSparseFile.0/sparse", map + std::string(512 - map.size(), '\0') + "headtail");
         tar.file("after", "control");
       })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->read("after"), "control");
  EXPECT_EQ(root->read("sparse"), "head" + std::string(1048568, '\0') + "tail");
}

// A path appears once; where it appears twice after all, the later entry is the one that counts.
TRIAL(Layers, TakeTheLaterOfTwoEntries, Clauses{"image/layer/no-duplicates"}) {
  const ImageRecord image = load({.layers = {layer([](TarWriter& tar) {
                                    tar.file("f", "first");
                                    tar.file("f", "second", 0600);
                                    tar.directory("d");
                                    tar.file("d/kept", "x");
                                    tar.directory("d", 0700);
                                    tar.file("s", "was a file");
                                    tar.symlink("s", "f");
                                  })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->read("f"), "second");
  EXPECT_EQ(root->status("f").st_mode, S_IFREG | 0600U);
  EXPECT_EQ(root->status("d").st_mode, S_IFDIR | 0700U);
  EXPECT_EQ(root->read("d/kept"), "x");
  EXPECT_TRUE(S_ISLNK(root->status("s").st_mode));
}

TRIAL(Layers, MakeTheParentsThatTheyLeaveOut, Clauses{"image/layer/tar"}) {
  const ImageRecord image =
      load({.layers = {layer([](TarWriter& tar) { tar.file("usr/lib/deep/file", "content"); })}});
  const auto root = root_of(image);

  EXPECT_EQ(root->read("usr/lib/deep/file"), "content");
  EXPECT_EQ(root->status("usr/lib").st_mode, S_IFDIR | 0755U);
}

TRIAL(Layers, MayBeEmpty, Clauses{"image/manifest/layers-make-the-root"}) {
  const Layer full = layer([](TarWriter& tar) { tar.file("a", "content"); });
  const Layer empty = layer([](TarWriter&) {});

  const ImageRecord image = load({.layers = {full, empty}});

  EXPECT_THAT(root_of(image)->names(""), ElementsAre("a"));
}

TRIAL(LayerOrder, TopmostWins,
      Clauses{"image/manifest/layers-in-stack-order", "image/manifest/base-layer-first"}) {
  const auto saying = [](std::string word) {
    return layer([word](TarWriter& tar) {
      tar.file("f", word);
      tar.file("only-" + word, word);
    });
  };
  const Layer a = saying("a"), b = saying("b"), c = saying("c");

  const auto upwards = root_of(load({.layers = {a, b, c}}));
  const auto downwards = root_of(load({.layers = {c, b, a}}));

  EXPECT_EQ(upwards->read("f"), "c");
  EXPECT_EQ(downwards->read("f"), "a");
  EXPECT_THAT(upwards->names(""), ElementsAre("f", "only-a", "only-b", "only-c"));
}

TRIAL(LayerOrder, DirectoryOverDirectoryKeepsItsContent,
      Clauses{"image/layer/directory-over-directory"}) {
  const Layer lower = layer([](TarWriter& tar) {
    tar.directory("d", 0755);
    tar.file("d/kept", "x");
  });
  const Layer upper =
      layer([](TarWriter& tar) { tar.add({.path = "d", .type = '5', .mode = 0700, .uid = 5}); });

  const auto root = root_of(load({.layers = {lower, upper}}));

  EXPECT_EQ(root->read("d/kept"), "x");
  EXPECT_EQ(root->status("d").st_mode, S_IFDIR | 0700U);
  EXPECT_EQ(root->status("d").st_uid, 5U);
}

TRIAL(LayerOrder, AnythingElseTakesThePlace, Clauses{"image/layer/replace"}) {
  const Layer lower = layer([](TarWriter& tar) {
    tar.directory("to-file");
    tar.file("to-file/gone", "x");
    tar.file("to-directory", "x");
    tar.directory("to-link");
    tar.file("to-link/gone", "x");
    tar.directory("kept");
    tar.file("kept/here", "x");
  });
  const Layer upper = layer([](TarWriter& tar) {
    tar.file("to-file", "now a file");
    tar.directory("to-directory");
    tar.symlink("to-link", "kept");
  });

  const auto root = root_of(load({.layers = {lower, upper}}));

  EXPECT_EQ(root->read("to-file"), "now a file");
  EXPECT_TRUE(S_ISDIR(root->status("to-directory").st_mode));
  EXPECT_THAT(root->names("to-directory"), IsEmpty());
  EXPECT_TRUE(S_ISLNK(root->status("to-link").st_mode));
  EXPECT_THAT(root->names("to-link"), ElementsAre("here"));
  EXPECT_EQ(root->read("kept/here"), "x");  // control
}
