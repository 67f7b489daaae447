#include "engine/spec/print_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/spec/default_spec.h"
#include "engine/spec/spec_fixture.h"

namespace seatrial::spec {
namespace {

using Json = nlohmann::json;

// Every property that parse_config() reads, with values of which none is a default.
constexpr std::string_view kEverything = R"({
  "ociVersion": "1.3.0",
  "root": {"path": "/rootfs", "readonly": true},
  "hostname": "h", "domainname": "d",
  "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4]},
    "args": ["a", "b\n\u0001"], "env": ["A=1", "B="], "cwd": "/c",
    "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"],
                     "inheritable": ["CAP_FOWNER"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
                     "ambient": []},
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 18446744073709551615}],
    "noNewPrivileges": true, "oomScoreAdj": -5, "apparmorProfile": "ap",
    "selinuxLabel": "u:r:t:s0:c1,c2",
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": -3, "flags": ["SCHED_FLAG_RESET_ON_FORK"],
                  "runtime": 1, "deadline": 2, "period": 18446744073709551615},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6},
    "execCPUAffinity": {"initial": "0-3,70", "final": "1"}},
  "mounts": [{"destination": "/m", "type": "tmpfs", "source": "tmpfs",
              "options": ["ro", "size=1k"]},
             {"destination": "/n", "source": "/s", "options": ["rbind", "idmap"],
              "uidMappings": [{"containerID": 0, "hostID": 7, "size": 1}],
              "gidMappings": [{"containerID": 0, "hostID": 8, "size": 1}]}],
  "hooks": {"createRuntime": [{"path": "/h", "args": ["h"], "env": ["X=y"], "timeout": 3}],
            "poststop": [{"path": "/p"}]},
  "annotations": {"k": "v"},
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "user"}, {"type": "uts"},
                   {"type": "time"}, {"type": "ipc"}, {"type": "network", "path": "/ns"}],
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 20}],
    "timeOffsets": {"boottime": {"secs": -5, "nanosecs": 6}},
    "sysctl": {"kernel.shmmax": "1"},
    "devices": [{"type": "c", "path": "/dev/x", "major": 1, "minor": 2, "fileMode": 384,
                 "uid": 3, "gid": 4}],
    "netDevices": {"eth0": {}, "eth1": {"name": "cargo%d"}},
    "cgroupsPath": "/a/b",
    "personality": {"domain": "LINUX32"},
    "memoryPolicy": {"mode": "MPOL_BIND", "flags": ["MPOL_F_STATIC_NODES"], "nodes": "0,2-3"},
    "resources": {
      "devices": [{"allow": true, "type": "c", "major": 1, "minor": 2, "access": "rm"}],
      "memory": {"limit": 1, "reservation": 2, "swap": 3, "kernel": 4, "kernelTCP": 5,
                 "swappiness": 6, "disableOOMKiller": true, "useHierarchy": false,
                 "checkBeforeUpdate": true},
      "cpu": {"shares": 1, "quota": -1, "burst": 2, "period": 3, "realtimeRuntime": 4,
              "realtimePeriod": 5, "idle": 1, "cpus": "0-1", "mems": "0"},
      "pids": {"limit": 7},
      "blockIO": {"weight": 10, "leafWeight": 20,
                  "weightDevice": [{"major": 8, "minor": 9, "weight": 30},
                                   {"major": 8, "minor": 9, "leafWeight": 40}],
                  "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 1}],
                  "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 2},
                                             {"major": 8, "minor": 3, "rate": 0}],
                  "throttleReadIOPSDevice": [{"major": 8, "minor": 4, "rate": 3}],
                  "throttleWriteIOPSDevice": [{"major": 8, "minor": 5,
                                               "rate": 18446744073709551615}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 18446744073709551615}],
      "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 4}},
      "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
      "unified": {"memory.high": "1\n"}},
    "rootfsPropagation": "slave", "mountLabel": "u:r:f:s0:c1,c2",
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
      "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 2,
                  "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["open"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
        {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
      "listenerPath": "/l", "listenerMetadata": "m"},
    "maskedPaths": ["/a"], "readonlyPaths": ["/b"]}
})";

TEST(PrintConfig, LosesNothingThatIsParsed) {
  const std::string once = print_config(testing::parse(kEverything));
  // What was written in says the same, property by property ...
  const Json written = Json::parse(kEverything);
  const Json printed = Json::parse(once);
  EXPECT_EQ(Json::diff(written, printed), Json::parse("[]")) << Json::diff(written, printed);
  // ... and reading it again changes nothing.
  EXPECT_EQ(print_config(testing::parse(once)), once);
}

TEST(PrintConfig, DefaultConfigurationStaysAsItIs) {
  const std::string once = print_config(testing::parse(default_config()));
  EXPECT_EQ(print_config(testing::parse(once)), once);
  EXPECT_EQ(testing::parse(once).mounts.size(), testing::parse(default_config()).mounts.size());
}

}  // namespace
}  // namespace seatrial::spec
