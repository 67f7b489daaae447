// Images that reach for the host: by the names and links of their layers, by the documents of their
// archive, by programs that an unpacker might call, by what they claim for themselves.
#include <fmt/format.h>

#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "harness/core/process.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

struct Escape {
  std::string name;
  Clauses clauses;
  void (*lower)(TarWriter& tar, const Canary& canary);
  void (*upper)(TarWriter& tar, const Canary& canary) = nullptr;
};

const Escape kEscapes[] = {
    {"ByAClimbingName",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) { tar.file(climbing(canary.file()), "hit"); }},
    {"ByAnAbsoluteName",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) { tar.file(canary.file(), "hit"); }},
    {"ThroughALink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) {
       tar.symlink("out", canary.directory());
       tar.file("out/file", "hit");
       tar.file("out/new", "hit");
     }},
    {"ThroughALinkOfALowerLayer",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) { tar.symlink("out", climbing(canary.directory())); },
     [](TarWriter& tar, const Canary&) { tar.file("out/file", "hit"); }},
    {"ByAHardLink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) {
       tar.add({.path = "stolen", .type = '1', .target = canary.file()});
     }},
    {"ByAHardLinkThroughALink",
     {"security/cve-2014-6407"},
     [](TarWriter& tar, const Canary& canary) {
       tar.symlink("out", canary.directory());
       tar.add({.path = "stolen", .type = '1', .target = "out/file"});
     }},
    {"ByTheModeOfALinkedDirectory",
     {"security/cve-2021-32760"},
     [](TarWriter& tar, const Canary& canary) {
       tar.symlink("d", canary.inner());
       tar.add({.path = "d", .type = '5', .mode = 0777, .uid = 4242});
     }},
    {"ByALinkInPlaceOfTheRoot",
     {"security/cve-2021-29136"},
     [](TarWriter& tar, const Canary& canary) {
       tar.symlink(".", canary.directory());
       tar.file("file", "hit");
     }},
    {"ByAWhiteoutThroughALink",
     {"security/whiteout-escape"},
     [](TarWriter& tar, const Canary& canary) { tar.symlink("out", canary.directory()); },
     [](TarWriter& tar, const Canary&) {
       tar.file("out/.wh.file", "");
       tar.file("out/.wh..wh..opq", "");
     }},
};

// An archive as docker save makes it, by name and content; `link` makes entries symbolic links.
struct ArchivedFile {
  std::string name;
  std::string content;
  std::string link = {};
};

struct LyingArchive {
  std::string name;
  Clauses clauses;
  const char* config;  // in manifest.json; "CANARY" stands for the file
  const char* layer;
  bool config_is_link = false;
  bool layer_is_link = false;
};

const LyingArchive kLyingArchives[] = {
    {"ConfigThatClimbs", {"security/cve-2014-9358"}, "CLIMB", "layer.tar"},
    {"ConfigByAnAbsolutePath", {"security/cve-2014-9358"}, "CANARY", "layer.tar"},
    {"LayerThatClimbs", {"security/cve-2014-9358"}, "config.json", "CLIMB"},
    {"ConfigThatIsALink", {"security/cve-2014-9358"}, "config.json", "layer.tar", true, false},
    {"LayerThatIsALink", {"security/cve-2014-9358"}, "config.json", "layer.tar", false, true},
};

struct CoveringVolume {
  std::string name;
  Clauses clauses;
  const char* volume;
};

const CoveringVolume kVolumes[] = {
    {"OverTheRootIsRefused", {"security/cve-2015-3631"}, "/"},
    {"DoesNotStandInForProcfs", {"security/cve-2015-3631", "security/cve-2019-16884"}, "/proc"},
    {"DoesNotStandInForProcfsByDots",
     {"security/cve-2015-3631", "security/cve-2019-16884"},
     "/data/../proc"},
    {"DoesNotStandInForProcfsByALink",
     {"security/cve-2015-3631", "security/cve-2019-16884"},
     "/link"},
};

constexpr const char* kMarks[] = {"xz",     "unxz", "unpigz", "pigz", "gzip",
                                  "gunzip", "zstd", "unzstd", "bzip2"};

// Programs of the image that leave a mark where they ran, under every name of a decompressor.
void add_marks(TarWriter& tar, const Canary& canary) {
  const std::string script = fmt::format("#!/bin/sh\n/bin/touch /tmp/mark {}/mark\nexec /bin/cat\n",
                                         canary.directory().native());
  for (const char* name : kMarks) {
    tar.file(std::string("usr/bin/") + name, script, 0755);
    tar.file(std::string("bin/") + name, script, 0755);
  }
}

// Throws Lack where the host has no such program.
std::string packed(const char* program, const std::string& bytes) {
  Outcome outcome;
  try {
    outcome = run_command({program, "-c"}, {.input = bytes});
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    throw Lack(failure.what());
  }
  if (!outcome.succeeded()) {
    throw seatrial::error(Kind::kInternal, "{}: {}", program, describe(outcome));
  }
  return outcome.output;
}

struct PackedCopy {
  std::string name;
  Clauses clauses;
  const char* program;
};

const PackedCopy kPackedCopies[] = {
    {"ByXz", {"security/cve-2014-9357"}, "xz"},
    {"ByGzip", {"security/cve-2014-9357"}, "gzip"},
};

}  // namespace

TRIAL_TABLE(Layer, kEscapes) {
  const auto attack = [&](auto fill) { return [&, fill](TarWriter& tar) { fill(tar, canary()); }; };
  std::vector<Fill> layers{add_programs, attack(row().lower)};
  if (row().upper != nullptr) layers.push_back(attack(row().upper));
  const std::string name = load(layers);
  if (name.empty()) {
    image({add_programs, [](TarWriter& tar) { tar.file("plain", "x"); }});  // control
    return;
  }
  // Not so much as a copy came in.
  const std::string seen = output_if_run(
      {.image = name, .cmd = {"sh", "-c", "cat /stolen /out/file /file /d/file; echo seen"}});
  EXPECT_THAT(seen, HasSubstr("seen"));  // control
  EXPECT_THAT(seen, Not(HasSubstr(canary().secret())));
}

TRIAL_TABLE(LyingArchive, kLyingArchives) {
  // Not of one and the same: an engine need not read a layer that it has.
  const std::string honest_layer = tar_of(add_programs);
  const std::string lying_layer = tar_of([](TarWriter& tar) { tar.file("other", "layer"); });
  const auto config = [&](const std::string& diff_id) {
    return fmt::format(R"({{"architecture":"amd64","os":"linux","config":{{"Cmd":["sh"]}},)"
                       R"("rootfs":{{"type":"layers","diff_ids":["{}"]}}}})",
                       diff_id);
  };
  const auto archive = [&](const std::string& file, const std::string& config_name,
                           const std::string& layer_name, bool links) {
    const std::string& layer = links ? lying_layer : honest_layer;
    seatrial::write_file_atomically(
        scratch() / file, tar_of([&](TarWriter& tar) {
          const auto link_to_canary = [&](const char* path) { tar.symlink(path, canary().file()); };
          if (links && row().config_is_link)
            link_to_canary("config.json");
          else
            tar.file("config.json", config(sha256_digest(layer)));
          if (links && row().layer_is_link)
            link_to_canary("layer.tar");
          else
            tar.file("layer.tar", layer);
          tar.file(
              "manifest.json",
              fmt::format(
                  R"([{{"Config":"{}","RepoTags":["docker.io/seatrial/{}:1"],"Layers":["{}"]}}])",
                  config_name, file, layer_name));
        }));
    return scratch() / file;
  };
  const auto lie = [&](const std::string& word) {
    if (word == "CANARY") return canary().file().native();
    return word == "CLIMB" ? climbing(canary().file()) : word;
  };
  engine().load_image(archive("honest", "config.json", "layer.tar", false));  // control
  const std::filesystem::path lying = archive("lying", lie(row().config), lie(row().layer), true);
  const std::string sentence = refusal([&] { engine().load_image(lying); });
  EXPECT_THAT(sentence, Not(HasSubstr(canary().secret())));
  EXPECT_THROW(engine().inspect_image("docker.io/seatrial/lying:1"), Error);
}

// What is packed is unpacked by the engine's own means, whatever programs the container has.
TRIAL_TABLE(PackedCopy, kPackedCopies) {
  const std::string name = image({add_programs, [&](TarWriter& tar) { add_marks(tar, canary()); }});
  const std::string id = run({.image = name, .cmd = {"sh", "-c", "echo up; sleep 1000"}});
  await_output(id, "up");
  const std::string tar = tar_of([](TarWriter& writer) { writer.file("copied", "content"); });
  engine().put_archive(id, "/data", tar);  // control: the bare one arrives
  const DockerExec copied{.args = {"cat", "/data/copied"}};
  EXPECT_EQ(engine().exec(id, copied).output.out, "content");
  EXPECT_EQ(engine()
                .exec(id, {.args = {"sh", "-c",
                                    "rm /data/copied 2>/dev/null; busybox rm -f /data/copied"}})
                .code,
            0);

  const std::string bytes = packed(row().program, tar);
  try {
    engine().put_archive(id, "/data", bytes);
    EXPECT_EQ(engine().exec(id, copied).output.out, "content");
  } catch (const Error&) {
    EXPECT_NE(engine().exec(id, copied).code, 0);  // refused, as an engine may
  }
  EXPECT_NE(engine().exec(id, {.args = {"cat", "/tmp/mark"}}).code, 0);
  // Control: the mark is left by who runs the program.
  EXPECT_EQ(engine().exec(id, {.args = {"/usr/bin/xz"}}).code, 0);
  EXPECT_EQ(engine().exec(id, {.args = {"cat", "/tmp/mark"}}).code, 0);
}

// Loading runs nothing of the lower layers either: each layer here is packed by gzip.
TRIAL(PackedLayer, IsUnpackedWithoutTheImagesPrograms, Clauses{"security/cve-2014-9357"}) {
  const std::string name = image({add_programs, [&](TarWriter& tar) { add_marks(tar, canary()); },
                                  [](TarWriter& tar) { tar.file("data/last", "last"); }});
  const std::string seen =
      output_if_run({.image = name, .cmd = {"sh", "-c", "cat /data/last; ls /tmp/mark"}});
  EXPECT_THAT(seen, HasSubstr("last"));  // control
  EXPECT_THAT(seen, Not(ContainsRegex("^/tmp/mark|\n/tmp/mark")));
}

// What an image says of its own security has no effect.
TRIAL(Image, SetsNoSecurityOptions, Clauses{"security/cve-2014-6408"}) {
  const char* claims = R"({"SecurityOpt": ["seccomp=unconfined", "label=disable"],
      "HostConfig": {"Privileged": true, "CapAdd": ["ALL"], "PidMode": "host",
                     "SecurityOpt": ["seccomp=unconfined"], "Binds": ["/:/host"]},
      "Privileged": true, "CapAdd": ["ALL"], "PidMode": "host", "NetworkMode": "host"})";
  const std::string honest = image({add_programs});
  const std::string lying = load({add_programs}, {.cmd = {"sh"}, .more = claims});
  if (lying.empty()) return;  // refused, as an engine may; the honest one was not
  const std::vector<std::vector<std::string>> commands{{"status"}, {"namespaces"}, {"list", "/"}};
  const Report control = probed({.image = honest}, commands);
  const Report report = probed({.image = lying}, commands);
  EXPECT_EQ(control.status().seccomp, 2);  // control
  EXPECT_EQ(report.status().seccomp, 2);
  EXPECT_EQ(report.status().effective, control.status().effective);
  EXPECT_EQ(report.status().bounding, control.status().bounding);
  EXPECT_NE(report.namespaces().at("pid"), seatrial::harness::harness_namespace("pid"));
  EXPECT_THAT(report.list("/"), Not(Contains("host")));
}

// A volume of an image over what the engine itself needs: refused, or as if it were not there.
TRIAL_TABLE(ImageVolume, kVolumes) {
  const auto seen = [&](const std::string& volume) {
    const auto link = [](TarWriter& tar) { tar.symlink("link", "proc"); };
    const std::string name = load({add_programs, link}, {.cmd = {"sh"}, .volumes = {volume}});
    if (name.empty()) return std::string();
    return output_if_run({.image = name, .cmd = {"sh", "-c", "cat /proc/self/comm; ls /; pwd"}});
  };
  EXPECT_THAT(seen("/data"), AllOf(HasSubstr("cat\n"), HasSubstr("probe")));  // control
  const std::string output = seen(row().volume);
  if (!output.empty()) {
    EXPECT_THAT(output, HasSubstr("cat\n"));
  }
}

TRIAL(Volume, OverTheRootIsRefused, Clauses{"security/cve-2015-3631"}) {
  const auto with_volume_at = [](const std::string& target) {
    return ContainerDraft{.cmd = {"true"}, .mounts = {{.target = target}}};
  };
  EXPECT_EQ(run_to_end(with_volume_at("/data")).code, 0);  // control
  for (const char* target : {"/", "/./", "/data/.."}) {
    refusal([&] { engine().start(engine().create(with_volume_at(target))); });
  }
  EXPECT_THAT(engine().list(false, {}), IsEmpty());
}

// The place of an image's volume is looked for in the container, for what fills it, too.
TRIAL(ImageVolume, IsResolvedInside, Clauses{"security/cve-2022-23648", "security/cve-2023-0778"}) {
  const auto links = [&](TarWriter& tar) {
    tar.symlink("absolute", canary().directory());
    tar.symlink("relative", climbing(canary().directory()));
  };
  const std::string climb = "/data/" + climbing(canary().directory());
  const std::string honest = image({add_programs}, {.cmd = {"sh"}, .volumes = {"/etc"}});
  EXPECT_THAT(output_if_run({.image = honest, .cmd = {"sh", "-c", "echo ran"}}),
              HasSubstr("ran"));  // control
  for (const std::string& volume : std::vector<std::string>{"/absolute", "/relative", climb}) {
    const std::string name = load({add_programs, links}, {.cmd = {"sh"}, .volumes = {volume}});
    if (name.empty()) continue;
    const std::string script = fmt::format(
        "cat /absolute/file /relative/file {}/file; echo x > /absolute/new; echo y > /relative/new",
        canary().directory().native());
    EXPECT_THAT(output_if_run({.image = name, .cmd = {"sh", "-c", script}}),
                Not(HasSubstr(canary().secret())))
        << volume;
  }
}

// A working directory below a link of the image is made inside, or not at all.
TRIAL(ImageWorkingDirectory, IsMadeInside, Clauses{"security/cve-2025-9566"}) {
  const auto links = [&](TarWriter& tar) {
    tar.symlink("out", canary().directory());
    tar.symlink("climb", climbing(canary().inner()));
  };
  const auto standing_in = [&](const std::string& directory) {
    const std::string name =
        image({add_programs, links}, {.cmd = {"sh"}, .working_dir = directory});
    return output_if_run({.image = name, .cmd = {"sh", "-c", "echo made > mark; pwd"}});
  };
  EXPECT_THAT(standing_in("/data/new"), HasSubstr("/data/new"));  // control
  for (const char* directory : {"/out/new", "/out", "/climb/new/deep"}) standing_in(directory);
  // ~Trial looks whether anything was made.
}

}  // namespace regressions_engine
