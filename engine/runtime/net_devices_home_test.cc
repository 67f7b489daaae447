// Network devices that come back: from a create that failed, or that was killed.
#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include "engine/base/files.h"
#include "engine/runtime/net_devices.h"
#include "engine/runtime/net_devices_fixture.h"
#include "engine/runtime/runtime.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(NetDevices, ComeBackAsTheyWere) {
  in_child([] {
    World world;
    add(world.here, "cable", {"192.0.2.7", 24});
    set_link_up(world.here, find_link(world.here, "cable")->index);
    NetDevices devices(moving({{"cable", "eth0"}, {"quay", "quay"}}));
    devices.move_into(world.copy());
    EXPECT_THAT(names(world.here), ElementsAre("lo"));
    devices.move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.there), ElementsAre("lo"));
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_TRUE(is_up(world.here, "cable"));
    EXPECT_FALSE(is_up(world.here, "quay"));
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
  });
}

// Of a create that was killed, nothing but what it had recorded tells which is which.
TEST(NetDevices, OfOneTemplateKeepTheirNames) {
  in_child([] {
    World world;
    const int cable = index_of(world.here, "cable");
    const int quay = index_of(world.here, "quay");
    add(world.here, "cable", {"192.0.2.7", 24});
    add(world.here, "quay", {"192.0.2.8", 24});
    NetDevices killed(moving({{"cable", "eth%d"}, {"quay", "eth%d"}}));
    const LentDevices lent = killed.lend_to(world.target.get());
    killed.move_into(world.copy());
    EXPECT_THAT(names(world.there), ElementsAre("eth0", "eth1", "lo"));
    NetDevices(lent, world.copy()).move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.there), ElementsAre("lo"));
    EXPECT_EQ(index_of(world.here, "cable"), cable);
    EXPECT_EQ(index_of(world.here, "quay"), quay);
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
    EXPECT_THAT(addresses(world.here, "quay"), ElementsAre("192.0.2.8/24"));
  });
}

// What was recorded and had not moved yet is at home, whatever is called like it over there.
TEST(NetDevices, ThatHaveNotMovedAreNotLookedForElsewhere) {
  in_child([] {
    World world;
    const int cable = index_of(world.here, "cable");
    const LentDevices lent =
        NetDevices(moving({{"cable", "eth%d"}, {"quay", "eth%d"}})).lend_to(world.target.get());
    NetDevices killed(moving({{"cable", "eth%d"}}));
    killed.move_into(world.copy());
    NetDevices(lent, world.copy()).move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_EQ(index_of(world.here, "cable"), cable);
  });
}

// By its maker that failed, then by who removes the container: also where it had to take another
// number.
TEST(NetDevices, MayBeBroughtBackTwice) {
  for (const bool taken : {false, true}) {
    in_child([taken] {
      World world;
      const int before = index_of(world.here, "cable");
      NetDevices devices(moving({{"cable", "eth0"}}));
      const LentDevices lent = devices.lend_to(world.target.get());
      devices.move_into(world.copy());
      if (taken) add_pair(world.here, "hawser", "bollard", before);
      devices.move_back(world.warn());
      EXPECT_EQ(index_of(world.here, "cable") == before, !taken);  // control
      devices.move_back(world.warn());
      NetDevices(lent, world.copy()).move_back(world.warn());
      EXPECT_THAT(world.warnings, IsEmpty());
      EXPECT_NE(index_of(world.here, "cable"), 0);
      EXPECT_THAT(names(world.there), ElementsAre("lo"));
    });
  }
}

// Should somebody take the name between the look and the move, what has moved comes back.
TEST(NetDevices, ComeBackWhereANameIsTakenMeanwhile) {
  in_child([] {
    World world;
    NetDevices devices(moving({{"cable", "eth0"}, {"quay", "eth1"}}, world.path()));
    add_pair(world.there, "eth1", "eth2");
    EXPECT_EQ(failure_of([&] { devices.move_into(world.copy()); }),
              "linux.netDevices.quay: the container's network namespace has a device eth1 already");
    devices.move_back(world.warn());
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_THAT(names(world.there), ElementsAre("eth1", "eth2", "lo"));
  });
}

// A bundle with this script for a createRuntime hook: the device has moved by then.
class NetDevicesOfACreate : public testing::Test {
 protected:
  void write_bundle(const std::string& script) const {
    std::filesystem::create_directories(dir_.path() / "rootfs");
    write_file_atomically(dir_.path() / "config.json", fmt::format(R"({{
      "ociVersion": "1.3.0", "root": {{"path": "rootfs"}},
      "process": {{"cwd": "/", "args": ["/none"]}},
      "mounts": [{{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}}],
      "hooks": {{"createRuntime": [{{"path": "/bin/sh", "args": ["sh", "-c", "{}"]}}]}},
      "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}, {{"type": "network"}}],
                 "netDevices": {{"cable": {{"name": "eth0"}}}}}}}})",
                                                                   script));
  }

  // By a hook, once the device has moved.
  void kill_a_create(World& world) const {
    write_bundle("kill -9 $PPID");
    const std::string end = sys::in_child([&] {
      Runtime killed(dir_.path() / "state");
      return failure_of([&] { killed.create({.id = id_, .bundle = dir_.path()}); });
    });
    EXPECT_EQ(end, "died");
    EXPECT_THAT(names(world.here), ElementsAre("lo", "quay"));  // control: it had moved
  }

  const std::string id_ = fmt::format("net-devices-{}", ::getpid());
  TempDir dir_{std::filesystem::temp_directory_path()};
};

// That namespace ends at once.
TEST_F(NetDevicesOfACreate, ComeBackWhenItFails) {
  write_bundle("exit 7");
  in_child([&] {
    World world;
    add(world.here, "cable", {"192.0.2.7", 24});
    Runtime runtime(dir_.path() / "state");
    runtime.on_warning(world.warn());
    EXPECT_THAT(failure_of([&] { runtime.create({.id = id_, .bundle = dir_.path()}); }),
                HasSubstr("createRuntime"));
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
  });
}

// They are of no hardware, and would end with the namespace.
TEST_F(NetDevicesOfACreate, ComeBackWhenTheRuntimeIsKilled) {
  for (const bool by_force : {false, true}) {
    in_child([&] {
      World world;
      add(world.here, "cable", {"192.0.2.7", 24});
      set_link_up(world.here, find_link(world.here, "cable")->index);
      kill_a_create(world);
      Runtime runtime(dir_.path() / "state");
      runtime.on_warning(world.warn());
      if (by_force) {
        runtime.remove(id_, true);
      } else {
        EXPECT_THAT(runtime.recover(), ElementsAre(id_));
      }
      EXPECT_THAT(world.warnings, IsEmpty());
      EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
      EXPECT_THAT(addresses(world.here, "cable"), ElementsAre("192.0.2.7/24"));
      EXPECT_TRUE(is_up(world.here, "cable"));
      EXPECT_THAT(runtime.list(), IsEmpty());
      EXPECT_THAT(read_file("/proc/self/mountinfo"), testing::Not(HasSubstr(id_)));
    });
  }
}

// Only from home can they be brought there; until then nothing is taken away that holds them.
TEST_F(NetDevicesOfACreate, StayWhereRecoverRunsInAnotherNamespace) {
  in_child([&] {
    World world;
    kill_a_create(world);
    const auto elsewhere = [&](const std::function<void(Runtime&)>& act) {
      return sys::in_child([&] {
        if (::unshare(CLONE_NEWNET) != 0) throw sys_error(errno, "unshare");
        Runtime runtime(dir_.path() / "state");
        std::string said;
        runtime.on_warning([&](std::string_view text) { said += text; });
        act(runtime);
        return fmt::format("{}; {} left", said, runtime.list().size());
      });
    };
    EXPECT_THAT(elsewhere([](Runtime& runtime) { runtime.recover(); }),
                testing::AllOf(HasSubstr(id_), HasSubstr("linux.netDevices: recover must run in"),
                               testing::EndsWith("; 1 left")));
    Runtime runtime(dir_.path() / "state");
    runtime.on_warning(world.warn());
    EXPECT_THAT(runtime.recover(), ElementsAre(id_));
    EXPECT_THAT(world.warnings, IsEmpty());
    EXPECT_THAT(names(world.here), ElementsAre("cable", "lo", "quay"));
    kill_a_create(world);
    EXPECT_EQ(elsewhere([&](Runtime& other) { other.remove(id_, true); }),
              "linux.netDevices: cable cannot go home to another network namespace than this "
              "process's; 0 left");
  });
}

}  // namespace
}  // namespace seatrial::runtime
