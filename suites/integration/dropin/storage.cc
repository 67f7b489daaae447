// Volumes, binds and tmpfs, and what the container's own view of its mounts is.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/files.h"
#include "suites/integration/dropin/dropin_case.h"

namespace dropin_suite {
namespace {

// What hides or protects something else: how that is done differs, and shows elsewhere.
bool is_cover(const std::string& target) {
  return target.starts_with("/proc/") || target.starts_with("/sys/");
}

// Each mount without what differs from one container to the next: numbers, and names of files on
// the host.
Seen mounts_of(const std::string& mountinfo) {
  Seen mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string skipped;
    std::string target;
    std::string options;
    std::string type;
    words >> skipped >> skipped >> skipped >> skipped >> target >> options;
    for (std::string word; words >> word && word != "-";) {
    }
    words >> type;
    mounts.push_back(is_cover(target) ? target : fmt::format("{} {} {}", target, type, options));
  }
  std::ranges::sort(mounts);
  return mounts;
}

}  // namespace

TRIAL(Volume, IsSharedByTwoContainers, Clauses{"docker/run/mount"}) {
  const Seen seen = with_both([](Session& at) {
    at.docker("volumes").create_volume(R"({"Name":"shared"})");
    Wish wish{.args = at.shell("echo kept > /data/file")};
    wish.docker["HostConfig"]["Mounts"] = {
        {{"Type", "volume"}, {"Source", "shared"}, {"Target", "/data"}}};
    const int code = at.finish(wish).code;
    wish.args = {"cat", "/data/file"};
    const Ended ended = at.finish(wish);
    at.docker("volumes").remove_volume("shared");
    return Seen{std::to_string(code), ended.out};
  });
  EXPECT_EQ(seen, (Seen{"0", "kept\n"}));
}

TRIAL(Bind, ShowsTheHostsDirectory, Clauses{"docker/run/mount", "docker/run/volume-bind"}) {
  const std::string directory = scratch_dir("shared");
  scratch_file("shared/of-host", "host\n");
  const Seen seen = with_both([&](Session& at) {
    const Ended ended = at.finish({.args = at.shell("cat /data/of-host; echo inside > /data/back"),
                                   .binds = {{.source = directory, .target = "/data"}}});
    return Seen{ended.out, seatrial::read_file(directory + "/back")};
  });
  EXPECT_EQ(seen, (Seen{"host\n", "inside\n"}));
}

TRIAL(Bind, IsReadOnlyWhenAskedFor, Clauses{"docker/run/volume-ro"}) {
  const std::string directory = scratch_dir("shared");
  const Seen seen = with_both([&](Session& at) {
    const Ended ended =
        at.finish({.args = at.shell("touch /data/file"),
                   .binds = {{.source = directory, .target = "/data", .read_only = true}}});
    return Seen{std::to_string(ended.code), ended.err};
  });
  EXPECT_EQ(seen, (Seen{"1", "touch: /data/file: Read-only file system\n"}));
}

TRIAL(Bind, OfAFileIsThatFile, Clauses{"docker/run/mount"}) {
  const std::string file = scratch_file("one", "content\n");
  const Seen seen = with_both([&](Session& at) {
    return Seen{at.finish({.args = {"cat", "/etc/new/name"},
                           .binds = {{.source = file, .target = "/etc/new/name"}}})
                    .out};
  });
  EXPECT_EQ(seen, (Seen{"content\n"}));
}

TRIAL(Tmpfs, HasItsSizeAndOptions, Clauses{"docker/run/tmpfs"}) {
  const Seen seen = with_both([](Session& at) {
    return Seen{
        at.finish({.args = at.shell("grep ' /t ' /proc/mounts; stat -c %a /t; df -k /t | tail -1"),
                   .tmpfs = {{"/t", "rw,noexec,size=1m,mode=1770"}}})
            .out};
  });
  EXPECT_THAT(seen.at(0), AllOf(HasSubstr("noexec"), HasSubstr("1770"), HasSubstr("1024")));
}

TRIAL(SharedMemory, HasItsSize, Clauses{"docker/run/shm-size"}) {
  const Seen seen = with_both([](Session& at) {
    return Seen{
        at.finish({.args = at.shell("grep ' /dev/shm ' /proc/mounts"), .shm_size = 8 << 20}).out};
  });
  EXPECT_THAT(seen.at(0), HasSubstr("size=8192k"));
}

// Types, places and options of all mounts, masked and read-only paths among them.
TRIAL(Inside, MountsLookTheSame, Clauses{"docker/run/foreground"}) {
  const Seen seen = with_both([](Session& at) {
    return mounts_of(at.finish({.args = {"cat", "/proc/self/mountinfo"}}).out);
  });
  EXPECT_THAT(seen, Contains(StartsWith("/dev/pts devpts ")));
}

TRIAL(Inside, ProcessLooksTheSame, Clauses{"docker/run/foreground"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string script =
        "grep -E '^(Uid|Gid|Groups|Cap|NoNew|Seccomp:|Sig[BI]|Threads|Umask|NSsid)' "
        "/proc/self/status; cat /proc/self/limits /proc/self/oom_score_adj; ls /proc/self/fd; env "
        "| grep -v HOSTNAME | sort; cat /proc/self/personality 2>/dev/null; pwd; id";
    return Seen{at.finish({.args = at.shell(script)}).out};
  });
  EXPECT_THAT(seen.at(0), HasSubstr("Max open files"));
}

TRIAL(Inside, FilesOfDevLookTheSame, Clauses{"docker/run/device"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string script =
        "ls -ld / /proc /sys /dev /dev/pts /dev/shm /dev/mqueue | sed 's/  */ /g' | cut -d' ' "
        "-f1,3,4,9; for n in fd stdin stdout stderr ptmx core; do readlink /dev/$n; done";
    return Seen{at.finish({.args = at.shell(script)}).out};
  });
  EXPECT_THAT(seen.at(0), HasSubstr("/proc/self/fd"));
}

TRIAL(Inside, CgroupsLookTheSame, Clauses{"docker/run/memory"}) {
  const Seen seen = with_both([](Session& at) {
    const std::string id = at.hold(at.sleeper());
    std::string text = at.exec(id, {.args = at.shell("cat /proc/self/cgroup")}).out;
    for (std::size_t place = text.find(id); place != text.npos; place = text.find(id)) {
      text.replace(place, id.size(), "ID");
    }
    return Seen{text};
  });
  EXPECT_THAT(seen.at(0), HasSubstr(":"));
}

}  // namespace dropin_suite
