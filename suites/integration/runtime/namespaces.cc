// linux.namespaces: new ones, inherited ones, joined ones, and what each kind keeps apart.
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/host_mount.h"

namespace {

struct Kind {
  std::string name;
  Clauses clauses;
  std::string type;  // as in config.json
  std::string file;  // as in /proc/PID/ns
  Needs needs;
};

std::vector<Kind> kinds(const char* clause) {
  return {
      {"Pid", {clause}, "pid", "pid", {}},
      {"Ipc", {clause}, "ipc", "ipc", {}},
      {"Uts", {clause}, "uts", "uts", {}},
      {"Network", {clause}, "network", "net", {Feature::kNetworkNamespace}},
      {"User", {clause}, "user", "user", {Feature::kUserNamespace}},
      {"Cgroup", {clause}, "cgroup", "cgroup", {Feature::kCgroupNamespace}},
      {"Time", {clause}, "time", "time", {Feature::kTimeNamespace, Feature::kSpec11}},
  };
}

const std::vector<Kind> kNew = [] {
  std::vector<Kind> all = kinds("runtime/namespaces/new");
  all.push_back({"Mount", {"runtime/namespaces/new"}, "mount", "mnt", {}});
  return all;
}();
const std::vector<Kind> kJoined = kinds("runtime/namespaces/path-joined");

Bundle with_new(const std::string& type) {
  Bundle bundle = Bundle::minimal().with_namespace(type);
  if (type == "user") {
    bundle.uid_mapping({.container_id = 0, .host_id = 100000, .size = 65536});
    bundle.gid_mapping({.container_id = 0, .host_id = 100000, .size = 65536});
  }
  return bundle;
}

Bundle joining(const Box& owner, const std::string& type, const std::string& file) {
  return Bundle::minimal().with_namespace(type,
                                          "/proc/" + std::to_string(owner.pid()) + "/ns/" + file);
}

}  // namespace

TRIAL_TABLE(NewNamespace, kNew) {
  auto box = target().run(with_new(row().type).probe({"namespaces"}));
  EXPECT_NE(box.report().namespaces().at(row().file), harness_namespace(row().file));
}

TRIAL(InheritedNamespaces, AreThoseOfTheRuntime, Clauses{"runtime/namespaces/inherited"}) {
  auto box = target().run(
      Bundle::minimal().without_namespace("ipc").without_namespace("uts").probe({"namespaces"}));
  const auto seen = box.report().namespaces();
  for (const char* kind : {"ipc", "uts", "net", "user", "cgroup", "time"}) {
    if (!seen.contains(kind)) continue;  // a kind that this kernel lacks
    // A plain user's configuration always has a user namespace of its own.
    if (kind == std::string_view("user") && target().mode() == Mode::kRootless) continue;
    EXPECT_EQ(seen.at(kind), harness_namespace(kind)) << kind;
  }
  EXPECT_NE(seen.at("pid"), harness_namespace("pid"));  // control: this one is listed
}

TRIAL(InheritedNamespaces, IncludeThePidNamespace, Clauses{"runtime/namespaces/inherited"},
      Needs{Feature::kProcOfTheCallers}) {
  auto box =
      target().run(Bundle::minimal().without_namespace("pid").probe({"namespaces"}).probe({"pid"}));
  EXPECT_EQ(box.report().namespaces().at("pid"), harness_namespace("pid"));
  EXPECT_EQ(box.report().answer("pid").number("pid"), box.pid());
}

TRIAL_TABLE(JoinedNamespace, kJoined) {
  auto owner = target().run(with_new(row().type).probe({"namespaces"}).probe({"hold"}));
  const auto owned = owner.report().namespaces().at(row().file);
  ASSERT_NE(owned, harness_namespace(row().file));
  auto guest = target().run(joining(owner, row().type, row().file).probe({"namespaces"}));
  EXPECT_EQ(guest.report().namespaces().at(row().file), owned);
  EXPECT_EQ(owner.state().status, "running");
}

TRIAL(PidNamespace, ShowsOnlyItsOwnProcesses, Clauses{"runtime/namespaces/pid"}) {
  const auto processes = [](const Report& report) {
    auto names = report.list("/proc");
    std::erase_if(names, [](const std::string& name) { return name[0] < '0' || name[0] > '9'; });
    return names;
  };
  auto alone =
      target().run(Bundle::minimal().probe({"list", "/proc"}).probe({"pid"}).probe({"hold"}));
  EXPECT_THAT(processes(alone.report()), ElementsAre("1"));
  EXPECT_THAT(alone.report().answer("pid"), HasField("pid", 1));

  auto guest = target().run(joining(alone, "pid", "pid").probe({"list", "/proc"}));
  EXPECT_THAT(processes(guest.report()), AllOf(SizeIs(2), Contains("1")));  // control
}

// A queue of System V is found by its key within the IPC namespace alone.
TRIAL(IpcNamespace, KeepsMessageQueuesToItself, Clauses{"runtime/namespaces/ipc"}) {
  const std::string msgget = std::to_string(SYS_msgget);
  const std::string key = "0x5ea";
  auto owner = target().run(Bundle::minimal()
                                .probe({"syscall", msgget, key, std::to_string(IPC_CREAT | 0666)})
                                .probe({"hold"}));
  ASSERT_TRUE(owner.report().answer("syscall", msgget).ok());
  auto stranger = target().run(Bundle::minimal().probe({"syscall", msgget, key, "0"}));
  EXPECT_THAT(stranger.report(), Failed("syscall", msgget, "ENOENT"));
  auto guest = target().run(joining(owner, "ipc", "ipc").probe({"syscall", msgget, key, "0"}));
  EXPECT_THAT(guest.report(), Did("syscall", msgget));  // control
}

// Abstract sockets belong to the network namespace, as interfaces do.
TRIAL(NetworkNamespace, HasNothingButLoopback, Clauses{"runtime/namespaces/network"},
      Needs{Feature::kNetworkNamespace}) {
  const seatrial::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "\0seatrial-lighthouse"};
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);

  const auto looking = [](Bundle bundle) {
    return bundle.probe({"read", "/proc/net/unix", "/proc/net/dev"});
  };
  auto box = target().run(looking(Bundle::minimal().with_namespace("network")));
  EXPECT_THAT(box.report().content("/proc/net/unix"), Not(HasSubstr("seatrial-lighthouse")));
  const std::string devices = box.report().content("/proc/net/dev");
  EXPECT_THAT(devices, HasSubstr("lo:"));
  EXPECT_EQ(std::count(devices.begin(), devices.end(), ':'), 1) << devices;

  auto control = target().run(looking(Bundle::minimal()));
  EXPECT_THAT(control.report().content("/proc/net/unix"), HasSubstr("seatrial-lighthouse"));
}

TRIAL(MountNamespace, KeepsMountsToItself, Clauses{"runtime/namespaces/mount"}) {
  auto box =
      target().run(Bundle::minimal().tmpfs("/data/cargo").probe({"mountinfo"}).probe({"hold"}));
  EXPECT_TRUE(box.report().is_mounted("/data/cargo"));
  EXPECT_FALSE(host_sees_mount(box.rootfs() / "data/cargo"));
  const HostMount ours = HostMount::tmpfs(box.rootfs() / "data");
  EXPECT_TRUE(host_sees_mount(box.rootfs() / "data"));  // control
}

TRIAL(CgroupNamespace, ShowsTheContainersCgroupAsTheRoot, Clauses{"runtime/namespaces/cgroup"},
      Needs{Feature::kCgroupNamespace, Feature::kPidsCgroup}) {
  const auto paths = [](const Report& report) {
    std::vector<std::string> seen;
    for (const Answer& entry : report.answer("cgroup").items("entries")) {
      if (entry.text("controllers") == "pids" || entry.text("controllers").empty()) {
        seen.push_back(entry.text("path"));
      }
    }
    return seen;
  };
  auto own = target().run(Bundle::minimal().with_namespace("cgroup").probe({"cgroup"}));
  EXPECT_THAT(paths(own.report()), Contains("/"));
  EXPECT_THAT(paths(own.report()), Not(Contains(HasSubstr(own.id()))));
  auto inherited = target().run(Bundle::minimal().probe({"cgroup"}));  // control
  EXPECT_THAT(paths(inherited.report()), Contains(HasSubstr(inherited.id())));
}
