// What valid documents mean.
#include "engine/spec/parse_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sys/resource.h>

#include "engine/spec/spec_fixture.h"
#include "engine/spec/version.h"

namespace seatrial::spec::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ParseConfig, TakesTheSmallestDocument) {
  const Config config = parse(R"({"ociVersion": "1.0.0", "root": {"path": "/r"}})");
  EXPECT_EQ(config.oci_version, "1.0.0");
  EXPECT_EQ(config.root.path, "/r");
  EXPECT_FALSE(config.root.readonly);
  EXPECT_FALSE(config.process);
  EXPECT_THAT(config.linux_.namespaces, IsEmpty());
}

TEST(ParseConfig, TakesEveryVersionOfTheFirstMajor) {
  for (const std::string version : {"1.0.0", "1.0.2-dev", "1.3.0", "1.3.0+dev", "1.10.99-rc.1",
                                    "1.0.0-0.x-y.10+build.007", "1.0.0--"}) {
    EXPECT_EQ(refusal(patched(R"({"ociVersion": ")" + version + R"("})")), "") << version;
  }
}

TEST(ParseConfig, KnowsWhatCameWith1Dot3) {
  for (const std::string_view version : {"1.0.2-dev", "1.2.1", "1.2.99"}) {
    EXPECT_FALSE(is_1_3_or_later(version)) << version;
  }
  for (const std::string_view version : {"1.3.0", "1.3.0-rc.1", "1.10.0"}) {
    EXPECT_TRUE(is_1_3_or_later(version)) << version;
  }
}

TEST(ParseConfig, TakesALimitOfNoProcessesForNoneBefore1Dot3) {
  const auto limit_in = [](std::string_view version) {
    return parse(patched(R"({"ociVersion": ")" + std::string(version) +
                         R"(", "linux": {"resources": {"pids": {"limit": 0}}}})"))
        .linux_.resources.pids_limit;
  };
  EXPECT_EQ(limit_in("1.2.1"), std::nullopt);
  EXPECT_EQ(limit_in("1.3.0"), 0);
}

TEST(ParseConfig, IgnoresWhatTheSpecificationDoesNotKnow) {
  EXPECT_EQ(refusal(patched(R"({"x": {"y": [1, 2]}, "root": {"x": 1}, "linux": {"x": "y"},
                                "windows": 5, "vm": {"kernel": 3}, "process": {"x": null}})")),
            "");
}

TEST(ParseConfig, TreatsNullAsAbsent) {
  const Config config = parse(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, "mounts": null,
      "process": {"cwd": "/", "args": ["a"], "env": null, "capabilities": null}, "hooks": null,
      "linux": {"resources": null, "seccomp": null, "uidMappings": null}})");
  EXPECT_FALSE(config.process.value().capabilities);
}

TEST(ParseConfig, ReadsTheProcess) {
  const Config config = parse(patched(R"({"process": {
      "terminal": true, "consoleSize": {"height": 25, "width": 80},
      "user": {"uid": 1000, "gid": 4294967294, "umask": 63, "additionalGids": [5, 6]},
      "args": ["sh", "", "-c"], "env": ["A=b=c", "EMPTY="], "cwd": "/tmp",
      "capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"],
                       "permitted": ["CAP_CHECKPOINT_RESTORE"], "inheritable": ["CAP_BPF"],
                       "ambient": ["CAP_FSETID", "CAP_FLY", "cap_kill"]},
      "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 18446744073709551615}],
      "noNewPrivileges": true, "oomScoreAdj": -5}})"));
  const Process& process = config.process.value();
  EXPECT_TRUE(process.terminal);
  EXPECT_EQ(process.console_size.value().height, 25);
  EXPECT_EQ(process.console_size.value().width, 80);
  EXPECT_EQ(process.user.uid, 1000U);
  EXPECT_EQ(process.user.gid, 4294967294U);
  EXPECT_EQ(process.user.umask, 077U);
  EXPECT_THAT(process.user.additional_gids, ElementsAre(5, 6));
  EXPECT_THAT(process.args, ElementsAre("sh", "", "-c"));
  EXPECT_THAT(process.env, ElementsAre("A=b=c", "EMPTY="));
  EXPECT_EQ(process.cwd, "/tmp");
  EXPECT_EQ(process.capabilities.value().bounding, (1ULL << 5) | 1ULL);
  EXPECT_EQ(process.capabilities.value().effective, 1ULL << 5);
  EXPECT_EQ(process.capabilities.value().permitted, 1ULL << 40);
  EXPECT_EQ(process.capabilities.value().inheritable, 1ULL << 39);
  EXPECT_EQ(process.capabilities.value().ambient, 1ULL << 4);
  EXPECT_THAT(process.capabilities.value().unknown, ElementsAre("CAP_FLY", "cap_kill"));
  ASSERT_EQ(process.rlimits.size(), 1U);
  EXPECT_EQ(process.rlimits[0].resource, RLIMIT_NOFILE);
  EXPECT_EQ(process.rlimits[0].soft, 10U);
  EXPECT_EQ(process.rlimits[0].hard, ~0ULL);
  EXPECT_TRUE(process.no_new_privileges);
  EXPECT_EQ(process.oom_score_adj, -5);
}

TEST(ParseConfig, IgnoresTheConsoleSizeWithoutATerminal) {
  const Config config = parse(patched(R"({"process": {"consoleSize": {"height": "tall"}}})"));
  EXPECT_FALSE(config.process.value().console_size);
}

TEST(ParseConfig, ResolvesRelativeSourcesOfBindMountsAlone) {
  const Config config = parse(patched(R"({"mounts": [
      {"destination": "/a", "type": "none", "source": "data", "options": ["rbind", "ro"]},
      {"destination": "b", "type": "bind", "source": "/abs"},
      {"destination": "/c", "type": "tmpfs", "source": "shm", "options": ["size=1m"]},
      {"destination": "/c", "options": ["remount", "ro"]}]})"));
  ASSERT_EQ(config.mounts.size(), 4U);
  EXPECT_EQ(config.mounts[0].source, "/bundle/data");
  EXPECT_TRUE(config.mounts[0].options.bind_recursive);
  EXPECT_EQ(config.mounts[0].options.attributes_set, std::uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_THAT(config.mounts[0].raw_options, ElementsAre("rbind", "ro"));
  EXPECT_EQ(config.mounts[1].source, "/abs");
  EXPECT_EQ(config.mounts[1].destination, "b");
  EXPECT_TRUE(config.mounts[1].options.bind);
  EXPECT_EQ(config.mounts[2].source, "shm");
  EXPECT_THAT(config.mounts[2].options.data, ElementsAre("size=1m"));
  EXPECT_TRUE(config.mounts[3].options.remount);
}

TEST(ParseConfig, ReadsHooks) {
  const Config config = parse(patched(R"({"hooks": {
      "prestart": [{"path": "/1"}], "createRuntime": [{"path": "/2", "args": ["x", "y"]}],
      "createContainer": [{"path": "/3", "env": ["A=b"]}],
      "startContainer": [{"path": "/4", "timeout": 7}],
      "poststart": [{"path": "/5"}, {"path": "/6"}], "poststop": [{"path": "/7"}]}})"));
  EXPECT_EQ(config.hooks.prestart.at(0).path, "/1");
  EXPECT_FALSE(config.hooks.prestart.at(0).timeout);
  EXPECT_THAT(config.hooks.create_runtime.at(0).args, ElementsAre("x", "y"));
  EXPECT_THAT(config.hooks.create_container.at(0).env, ElementsAre("A=b"));
  EXPECT_EQ(config.hooks.start_container.at(0).timeout, std::chrono::seconds(7));
  EXPECT_EQ(config.hooks.poststart.at(1).path, "/6");
  EXPECT_EQ(config.hooks.poststop.at(0).path, "/7");
}

TEST(ParseConfig, ReadsNamespacesMappingsAndClocks) {
  const Config config = parse(patched(R"({"hostname": "ship", "domainname": "sea", "linux": {
      "namespaces": [{"type": "user"}, {"type": "network", "path": "/run/netns/a"},
                     {"type": "uts", "path": ""}, {"type": "time"}],
      "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1},
                      {"containerID": 1, "hostID": 5000, "size": 4294962295}],
      "gidMappings": [{"containerID": 0, "hostID": 7, "size": 2}],
      "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 999999999}, "boottime": {}}}})"));
  EXPECT_EQ(config.hostname, "ship");
  EXPECT_EQ(config.domainname, "sea");
  ASSERT_NE(config.find_namespace(NamespaceType::kNetwork), nullptr);
  EXPECT_EQ(config.find_namespace(NamespaceType::kNetwork)->path, "/run/netns/a");
  EXPECT_EQ(config.find_namespace(NamespaceType::kUts)->path, "");
  EXPECT_EQ(config.find_namespace(NamespaceType::kPid), nullptr);
  ASSERT_EQ(config.linux_.uid_mappings.size(), 2U);
  EXPECT_EQ(config.linux_.uid_mappings[1].container_id, 1U);
  EXPECT_EQ(config.linux_.uid_mappings[1].host_id, 5000U);
  EXPECT_EQ(config.linux_.gid_mappings.at(0).size, 2U);
  EXPECT_EQ(config.linux_.time_offsets.at("monotonic").secs, -5);
  EXPECT_EQ(config.linux_.time_offsets.at("monotonic").nanosecs, 999999999U);
}

TEST(ParseConfig, ReadsDevices) {
  const Config config = parse(patched(R"({"linux": {"devices": [
      {"type": "u", "path": "/dev/a", "major": 10, "minor": 229, "fileMode": 8630, "uid": 1},
      {"type": "p", "path": "/dev/b", "gid": 2}]}})"));
  ASSERT_EQ(config.linux_.devices.size(), 2U);
  EXPECT_EQ(config.linux_.devices[0].type, DeviceType::kCharacter);
  EXPECT_EQ(config.linux_.devices[0].file_mode, 0666U);
  EXPECT_EQ(config.linux_.devices[0].uid, 1U);
  EXPECT_FALSE(config.linux_.devices[0].gid);
  EXPECT_EQ(config.linux_.devices[1].type, DeviceType::kFifo);
  EXPECT_FALSE(config.linux_.devices[1].file_mode);
}

TEST(ParseConfig, ReadsNetworkDevices) {
  const Config config = parse(patched(R"({"linux": {"namespaces": [{"type": "network"}],
      "netDevices": {"eth0": {}, "eth1": {"name": ""}, "eth2": {"name": "cargo%d"},
                     "eth3": {"name": "cargo%d"}, "eth4": {"name": "%d"}}}})"));
  EXPECT_THAT(config.linux_.net_devices,
              ElementsAre(Pair("eth0", "eth0"), Pair("eth1", "eth1"), Pair("eth2", "cargo%d"),
                          Pair("eth3", "cargo%d"), Pair("eth4", "%d")));
}

TEST(ParseConfig, ReadsTheRestOfLinux) {
  const Config config = parse(patched(R"({"annotations": {"a": "", "b": "c"}, "linux": {
      "namespaces": [{"type": "network"}, {"type": "ipc"}], "cgroupsPath": "/a/b..c",
      "rootfsPropagation": "rslave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"],
      "sysctl": {"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/mtu": "9",
                 "fs.mqueue.msg_max": "5", "kernel.shmmax": "6"}}})"));
  EXPECT_THAT(config.annotations, ElementsAre(Pair("a", ""), Pair("b", "c")));
  EXPECT_EQ(config.linux_.cgroups_path, "/a/b..c");
  EXPECT_EQ(config.linux_.rootfs_propagation, std::uint64_t{MS_SLAVE});
  EXPECT_THAT(config.linux_.masked_paths, ElementsAre("/m"));
  EXPECT_THAT(config.linux_.readonly_paths, ElementsAre("/r"));
  EXPECT_EQ(config.linux_.sysctl.at("net.ipv4.conf.eth0/1.mtu"), "9");
  EXPECT_EQ(config.linux_.sysctl.size(), 4U);
}

TEST(ParseConfig, ReadsResources) {
  const Config config = parse(patched(R"({"linux": {"resources": {
      "devices": [{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": -1,
                                     "access": "rm"}],
      "memory": {"limit": 100, "swap": 100, "reservation": -1, "swappiness": 0,
                 "disableOOMKiller": false},
      "cpu": {"shares": 2, "quota": -1, "period": 100000, "cpus": "0-2,4", "idle": 1},
      "pids": {"limit": -1}}}})"));
  const Resources& resources = config.linux_.resources;
  ASSERT_EQ(resources.devices.size(), 2U);
  EXPECT_EQ(resources.devices[0].type, 'a');
  EXPECT_TRUE(resources.devices[0].mknod);
  EXPECT_EQ(resources.devices[1].major, 1);
  EXPECT_FALSE(resources.devices[1].minor);
  EXPECT_TRUE(resources.devices[1].read);
  EXPECT_FALSE(resources.devices[1].write);
  EXPECT_EQ(resources.memory.value().limit, 100);
  EXPECT_EQ(resources.memory.value().reservation, -1);
  EXPECT_EQ(resources.memory.value().swappiness, 0U);
  EXPECT_EQ(resources.memory.value().disable_oom_killer, false);
  EXPECT_FALSE(resources.memory.value().kernel);
  EXPECT_EQ(resources.cpu.value().quota, -1);
  EXPECT_EQ(resources.cpu.value().cpus, "0-2,4");
  EXPECT_EQ(resources.pids_limit, -1);
}

TEST(ParseMounts, ReadsIdMappingsOfAMount) {
  const Config config = parse(patched(R"({"mounts": [{"destination": "/a", "source": "/b",
      "options": ["bind", "idmap"], "uidMappings": [{"containerID": 0, "hostID": 5, "size": 1}],
      "gidMappings": [{"containerID": 0, "hostID": 6, "size": 1}]}]})"));
  EXPECT_EQ(config.mounts.at(0).gid_mappings.at(0).host_id, 6U);
  EXPECT_EQ(config.mounts.at(0).uid_mappings.at(0).host_id, 5U);
  EXPECT_TRUE(config.mounts.at(0).options.idmap);
}

TEST(ParseProcess, ReadsTheObjectByItself) {
  const Process process = parse_process(R"({"cwd": "/x", "args": ["a"], "terminal": true})");
  EXPECT_EQ(process.cwd, "/x");
  EXPECT_TRUE(process.terminal);
}

TEST(ParseProcess, RefusesWithPathsOfItsOwn) {
  try {
    parse_process(R"({"cwd": "/x", "args": [], "terminal": true})");
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("process: args: is empty"));
  }
}

TEST(ParseResources, ReadsTheRatesOfBlockDevices) {
  const auto limits =
      parse_resources(
          R"({"blockIO": {"throttleWriteBpsDevice": [{"major": 8, "minor": 16, "rate": 5}]}})")
          .block_io.value();
  ASSERT_EQ(limits.write_bps.size(), 1U);
  EXPECT_EQ(limits.write_bps[0].major, 8);
  EXPECT_EQ(limits.write_bps[0].minor, 16);
  EXPECT_EQ(limits.write_bps[0].rate, 5U);
  EXPECT_TRUE(limits.read_bps.empty());
  EXPECT_THROW(parse_resources(R"({"blockIO": {"throttleWriteBpsDevice": [{"minor": 1}]}})"),
               Error);
}

TEST(ParseResources, ReadsTheObjectByItself) {
  EXPECT_EQ(parse_resources(R"({"pids": {"limit": 7}})").pids_limit, 7);
}

TEST(ParseResources, WeightOfNothingIsNoWeight) {
  const auto limits = parse_resources(R"({"blockIO": {"weight": 0, "leafWeight": 7,
      "weightDevice": [{"major": 8, "minor": 0, "weight": 500}]}})")
                          .block_io.value();
  EXPECT_EQ(limits.weight, std::nullopt);
  EXPECT_EQ(limits.leaf_weight, 7);
  EXPECT_EQ(limits.weight_devices.at(0).weight, 500);
}

TEST(ParseResources, RefusesByPathWhatCannotBeMeant) {
  struct Wrong {
    std::string_view json;
    std::string_view message;
  };
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}})",
            "blockIO.weightDevice[0]: needs a weight or a leafWeight"},
           {R"({"hugepageLimits": [{"pageSize": "2MB"}]})", "hugepageLimits[0]"},
           {R"({"hugepageLimits": [{"pageSize": "../2MB", "limit": 1}]})",
            "hugepageLimits[0].pageSize: \"../2MB\" is not a page size"},
           {R"({"hugepageLimits": [{"pageSize": "2M", "limit": 1}]})", "is not a page size"},
           {R"({"rdma": {"mlx5_1": {}}})", "rdma.mlx5_1: needs hcaHandles or hcaObjects"},
           {R"({"network": {"priorities": [{"name": "a b", "priority": 1}]}})",
            "network.priorities[0].name"},
           {R"({"network": {"priorities": [{"name": "eth0"}]}})", "network.priorities[0]"},
           {R"({"unified": {"../memory.max": "1"}})", "is not under the name of a file"},
           {R"({"unified": {"memory.max": 1}})", "1 is not a string"},
       }) {
    try {
      parse_resources(wrong.json);
      ADD_FAILURE() << wrong.json << " was accepted";
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
      EXPECT_THAT(failure.what(), HasSubstr(std::string(wrong.message)));
    }
  }
}

}  // namespace
}  // namespace seatrial::spec::testing
