// linux.uidMappings and gidMappings: who is who inside and outside.
#include <sys/stat.h>
#include <sys/syscall.h>

#include <sstream>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "harness/fixtures/case.h"

namespace {

Bundle mapped() {
  return Bundle::minimal()
      .with_namespace("user")
      .uid_mapping({.container_id = 0, .host_id = 100000, .size = 1000})
      .uid_mapping({.container_id = 1000, .host_id = 200000, .size = 500})
      .gid_mapping({.container_id = 0, .host_id = 300000, .size = 2000});
}

// The numbers of uid_map, which the kernel pads with blanks.
std::vector<long> numbers(const std::string& text) {
  std::istringstream stream(text);
  std::vector<long> all;
  for (long number = 0; stream >> number;) all.push_back(number);
  return all;
}

// Four of a kind, as in /proc/PID/status.
std::string line(const std::string& label, const std::string& id) {
  return "\n" + label + ":\t" + id + "\t" + id + "\t" + id + "\t" + id + "\n";
}

struct stat status_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

}  // namespace

TRIAL(UserNamespace, HasTheMappingsOfTheConfiguration,
      Clauses{"runtime/namespaces/uid-mappings", "runtime/namespaces/gid-mappings"},
      Needs{Feature::kUserNamespace}) {
  auto box = target().run(mapped().probe({"read", "/proc/self/uid_map", "/proc/self/gid_map"}));
  EXPECT_THAT(numbers(box.report().content("/proc/self/uid_map")),
              ElementsAre(0, 100000, 1000, 1000, 200000, 500));
  EXPECT_THAT(numbers(box.report().content("/proc/self/gid_map")), ElementsAre(0, 300000, 2000));
}

TRIAL(UserNamespace, RunsTheProgramAsTheMappedUser,
      Clauses{"runtime/namespaces/user", "runtime/user/uid", "runtime/user/gid",
              "runtime/user/additional-gids"},
      Needs{Feature::kUserNamespace}) {
  auto box = target().run(mapped().user(1005, 1006, {7}).probe({"status"}).probe({"hold"}));
  const ProcessStatus inside = box.report().status();
  EXPECT_EQ(inside.uid, 1005);
  EXPECT_EQ(inside.gid, 1006);
  EXPECT_THAT(inside.groups, ElementsAre(7));
  const std::string outside = seatrial::read_file("/proc/" + std::to_string(box.pid()) + "/status");
  EXPECT_THAT(outside, HasSubstr(line("Uid", "200005")));
  EXPECT_THAT(outside, HasSubstr(line("Gid", "301006")));
  EXPECT_THAT(outside, HasSubstr("\nGroups:\t300007 \n"));
}

// Root of the container is nobody in particular outside: what it may not do there it may not do.
TRIAL(UserNamespace, MapsTheOwnersOfFiles, Clauses{"runtime/namespaces/user"},
      Needs{Feature::kUserNamespace}) {
  auto box = target().run(mapped()
                              .with_dir("/data/ours", 0755)
                              .owned_by("/data/ours", 100000, 300000)
                              .with_dir("/data/theirs", 0755)
                              .with_file("/data/sailors", "")
                              .owned_by("/data/sailors", 200003, 300004)
                              .capabilities({"CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER"})
                              .probe({"stat", "/data/sailors", "/data/theirs"})
                              .probe({"create", "/data/ours/file", "/data/theirs/file"}));
  EXPECT_THAT(box.report().stat("/data/sailors"), HasField("uid", 1003));
  EXPECT_THAT(box.report().stat("/data/sailors"), HasField("gid", 4));
  EXPECT_THAT(box.report().stat("/data/theirs"), HasField("uid", 65534));
  EXPECT_THAT(box.report(), Did("create", "/data/ours/file"));
  EXPECT_THAT(box.report(), Failed("create", "/data/theirs/file", "EACCES"));
  EXPECT_EQ(status_of(box.rootfs() / "data/ours/file").st_uid, 100000U);
  EXPECT_EQ(status_of(box.rootfs() / "data/ours/file").st_gid, 300000U);
}

TRIAL(UserNamespace, LeavesTheOwnersOfFilesAsTheyAre,
      Clauses{"runtime/namespaces/mapping-keeps-owners"}, Needs{Feature::kUserNamespace}) {
  const std::string file = scratch_file("shared/file", "content");
  auto box = target().run(mapped()
                              .with_file("/etc/ours", "", 0600)
                              .bind(scratch() / "shared", "/data")
                              .probe({"read", "/data/file"}));
  EXPECT_THAT(box.report(), Read("/data/file", "content"));
  for (const auto& path : {std::filesystem::path(file), std::filesystem::path(scratch() / "shared"),
                           box.rootfs() / "etc/ours", box.rootfs() / "probe", box.rootfs()}) {
    EXPECT_EQ(status_of(path).st_uid, 0U) << path;
    EXPECT_EQ(status_of(path).st_gid, 0U) << path;
  }
}

// Capabilities are good for what the container's own user namespace owns.
TRIAL(UserNamespace, OwnsTheOtherNewNamespaces, Clauses{"runtime/namespaces/user"},
      Needs{Feature::kUserNamespace}) {
  const std::string setdomainname = std::to_string(SYS_setdomainname);
  const auto naming = [&](Bundle bundle) {
    // Too long a name: EINVAL for those who may, and harmless where an engine gets it wrong.
    return bundle.capabilities({"CAP_SYS_ADMIN"}).probe({"syscall", setdomainname, "0", "1000"});
  };
  auto box = target().run(naming(mapped()));
  EXPECT_THAT(box.report(), Failed("syscall", setdomainname, "EINVAL"));
  auto foreign = target().run(naming(mapped().without_namespace("uts")));
  EXPECT_THAT(foreign.report(), Failed("syscall", setdomainname, "EPERM"));
}
