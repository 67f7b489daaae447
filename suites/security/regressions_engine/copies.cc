// cp in and out of containers whose paths are links, or become links while it runs.
#include <sstream>

#include "engine/base/files.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

ContainerDraft with_links(const Canary& canary) {
  const std::string out = canary.directory();
  return {.cmd = {"sh", "-c",
                  "mkdir /inside && echo plain > /inside/file && ln -s " + out + " /out && ln -s " +
                      climbing(canary.directory()) + " /climb && ln -s " + out +
                      "/file /inside/link && echo up && sleep 1000"}};
}

// /d is by turns a directory of the container and a link to the canary. It stays the directory for
// a moment: an engine that looks it up several times for one copy would hardly ever find it, and
// the tries took minutes on a busy machine.
ContainerDraft exchanging(const Canary& canary) {
  return {.cmd = {"sh", "-c",
                  "mkdir /d && echo plain > /d/file && ln -s " + canary.directory().native() +
                      " /l && echo up && while :; do mv /d /t; mv /l /d; mv /d /l; mv /t /d; sleep "
                      "0.02; done"}};
}

// Where a process sees mounts at or below the directory; the fifth field of mountinfo. A path that
// only ends in the directory's lies in somebody's root.
std::vector<std::string> mounts_below(const std::filesystem::path& directory, pid_t process) {
  std::istringstream mounts(seatrial::read_file("/proc/" + std::to_string(process) + "/mountinfo"));
  std::vector<std::string> found;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    if (field.starts_with(directory.native())) found.push_back(field);
  }
  return found;
}

}  // namespace

// Out of the container comes what is in it.
TRIAL(CopyOut, LeadsNowhereThroughLinks, Clauses{"security/cve-2018-15664"}) {
  const std::string id = run(with_links(canary()));
  await_output(id, "up");
  EXPECT_THAT(engine().archive(id, "/inside/file"), HasSubstr("plain"));  // control
  const std::string climb = climbing(canary().file());
  for (const std::string& path :
       {std::string("/out/file"), std::string("/out"), std::string("/out/."),
        std::string("/climb/file"), std::string("/inside/link"), "/" + climb, "/inside/" + climb,
        "/proc/self/root" + canary().file().native(), "/proc/1/root" + canary().file().native(),
        canary().file().native()}) {
    try {
      EXPECT_THAT(engine().archive(id, path), Not(HasSubstr(canary().secret()))) << path;
    } catch (const Error&) {
      continue;  // refused
    }
  }
}

// Into the container goes what is sent, and nowhere else.
TRIAL(CopyIn, LeadsNowhereThroughLinks,
      Clauses{"security/cve-2018-15664", "security/cve-2021-32760"}) {
  const std::string id = run(with_links(canary()));
  await_output(id, "up");
  const std::string honest = tar_of([](TarWriter& tar) { tar.file("file", "hit"); });
  engine().put_archive(id, "/inside", honest);
  EXPECT_EQ(engine().exec(id, {.args = {"cat", "/inside/file"}}).output.out, "hit");  // control

  const auto put = [&](const std::string& path, const std::string& tar) {
    try {
      engine().put_archive(id, path, tar);
    } catch (const Error&) {
      return;  // refused
    }
  };
  for (const char* path : {"/out", "/climb", "/out/inner"}) put(path, honest);
  put("/", tar_of([&](TarWriter& tar) { tar.file("out/new", "hit"); }));
  put("/", tar_of([&](TarWriter& tar) { tar.file(climbing(canary().file()), "hit"); }));
  put("/", tar_of([&](TarWriter& tar) { tar.file(canary().file(), "hit"); }));
  put("/inside", tar_of([&](TarWriter& tar) {
        tar.symlink("d", canary().inner());
        tar.add({.path = "d", .type = '5', .mode = 0777, .uid = 4242});
        tar.file("d/file", "hit");
      }));
  put("/inside", tar_of([&](TarWriter& tar) {
        tar.symlink("s", canary().file());
        tar.add({.path = "h", .type = '1', .mode = 0777, .uid = 4242, .target = "s"});
        tar.add({.path = "stolen", .type = '1', .target = canary().file()});
      }));
  EXPECT_THAT(engine().exec(id, {.args = {"cat", "/inside/stolen"}}).output.out,
              Not(HasSubstr(canary().secret())));
}

// The same while the path changes. The number of tries is bounded: at least kLeast, and on until
// some have found the directory.
TRIAL(Copy, LeadsNowhereWhileThePathIsExchanged, Clauses{"security/cve-2018-15664"},
      Deadline{60s}) {
  constexpr int kLeast = 12, kMost = 400, kArrivals = 3;
  const std::string id = run(exchanging(canary()));
  await_output(id, "up");
  const auto try_often = [](const std::function<bool()>& arrives) {
    int arrived = 0;
    for (int i = 0; i < kLeast || (arrived < kArrivals && i < kMost); ++i) {
      try {
        arrived += arrives() ? 1 : 0;
      } catch (const Error&) {
        continue;  // caught between two names
      }
    }
    return arrived;
  };
  const int out = try_often([&] {
    const std::string copy = engine().archive(id, "/d/file");
    EXPECT_THAT(copy, Not(HasSubstr(canary().secret())));
    return copy.find("plain") != std::string::npos;
  });
  const std::string tar = tar_of([](TarWriter& writer) { writer.file("new", "hit"); });
  const int in = try_often([&] {
    engine().put_archive(id, "/d", tar);
    return true;
  });
  EXPECT_GT(out, 0);  // control: the path was there at times
  EXPECT_GT(in, 0);
  engine().kill(id, SIGKILL);
}

// Some engines mount a container's volumes once more for each copy. Where such a mount's place has
// become a link meanwhile, it must not be made on the host, nor anything that it could lie on.
TRIAL(Copy, MakesNothingOutsideWhileAVolumesPathIsExchanged, Clauses{"security/cve-2026-41568"},
      Deadline{60s}) {
  constexpr int kLeast = 10, kMost = 400, kArrivals = 3;
  ContainerDraft draft = exchanging(canary());
  draft.mounts = {{.source = "cargo", .target = "/d/volume"},
                  {.type = "bind", .source = scratch_file("bound", "bound"), .target = "/d/bound"}};
  draft.cmd.back().replace(0, std::string("mkdir /d && ").size(), "");  // the mounts have made it
  const std::string id = run(draft);
  await_output(id, "up");
  const std::string tar = tar_of([](TarWriter& writer) { writer.file("new", "hit"); });
  int arrived = 0;
  for (int i = 0; i < kLeast || (arrived < kArrivals && i < kMost); ++i) {
    try {
      engine().put_archive(id, "/d/volume", tar);
      arrived += engine().archive(id, "/d/volume/new").find("hit") != std::string::npos ? 1 : 0;
      engine().archive(id, "/d/bound");
    } catch (const Error&) {
      continue;  // caught between two names
    }
  }
  EXPECT_GT(arrived, 0);  // control: the path was there at times
  // The canary itself is looked at when the case ends; its mounts in the engine's place are not.
  EXPECT_THAT(mounts_below(canary().directory(), engines_place()), IsEmpty());
  engine().kill(id, SIGKILL);
}

// top joins the container's namespaces with nothing of the image's. An engine may run the image's
// ps there for a format that it does not know: that stays inside.
TRIAL(Top, RunsNoNsenterOfTheImage, Clauses{"security/cve-2022-1227"}) {
  const std::string mark =
      "#!/bin/sh\n/bin/touch /tmp/mark " + (canary().directory() / "mark").native() + "\n";
  const std::string name =
      image({add_programs, [&](TarWriter& tar) {
               tar.file("bin/ps", "#!/bin/sh\necho PID CMD; echo 1 sh\n", 0755);
               for (const char* program : {"nsenter", "unshare", "top"}) {
                 tar.file(std::string("bin/") + program, mark, 0755);
                 tar.file(std::string("usr/bin/") + program, mark, 0755);
               }
             }});
  const std::string id = run({.image = name, .cmd = {"sh", "-c", "echo up; sleep 1000"}});
  await_output(id, "up");
  EXPECT_THAT(engine().top(id), Not(IsEmpty()));  // control
  EXPECT_NE(engine().exec(id, {.args = {"cat", "/tmp/mark"}}).code, 0);
  engine().exec(id, {.args = {"/bin/nsenter"}});
  EXPECT_EQ(engine().exec(id, {.args = {"cat", "/tmp/mark"}}).code, 0);  // control
}

}  // namespace regressions_engine
