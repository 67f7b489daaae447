// Malformed documents, and the sentence that each is refused with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spec/spec_fixture.h"

namespace seatrial::spec::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Refusal {
  std::string_view patch;
  std::string_view path;    // the message starts with "config.json: PATH: "
  std::string_view reason;  // and contains this
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.patch;
}

class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, NamesPathAndReason) {
  const Refusal& expected = GetParam();
  const std::string message = refusal(patched(expected.patch));
  EXPECT_THAT(message, StartsWith("config.json: " + std::string(expected.path) + ": "));
  EXPECT_THAT(message, HasSubstr(std::string(expected.reason)));
}

constexpr Refusal kTopLevel[] = {
    {R"({"ociVersion": null})", "ociVersion", "is missing"},
    {R"({"ociVersion": 1})", "ociVersion", "1 is not a string"},
    {R"({"ociVersion": ""})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.3"})", "ociVersion", "\"1.3\" is not a version"},
    {R"({"ociVersion": "v1.3.0"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.03.0"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.0.0-"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.0.0-rc..1"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.0.0-01"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.0.0+"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "1.0.0.0"})", "ociVersion", "SemVer"},
    {R"({"ociVersion": "2.0.0"})", "ociVersion", "\"2.0.0\" is a version"},
    {R"({"ociVersion": "0.9.0"})", "ociVersion", "reads 1.x.y"},
    {R"({"ociVersion": "10.0.0"})", "ociVersion", "reads 1.x.y"},
    {R"({"root": null})", "root", "is missing"},
    {R"({"root": ["rootfs"]})", "root", "an array is not an object"},
    {R"({"root": {"path": null}})", "root.path", "is missing"},
    {R"({"root": {"path": ""}})", "root.path", "is empty"},
    {R"({"root": {"path": "a\u0000b"}})", "root.path", "NUL"},
    {R"({"root": {"readonly": "yes"}})", "root.readonly", "\"yes\" is not true or false"},
    {R"({"hostname": "ship"})", "hostname", "needs a namespace of type uts"},
    {R"({"domainname": "sea"})", "domainname", "needs a namespace of type uts"},
    {R"({"hostname": 5})", "hostname", "5 is not a string"},
    {R"({"annotations": {"": "x"}})", R"(annotations[""])", "key is empty"},
    {R"({"annotations": {"org.x": 1}})", R"(annotations["org.x"])", "1 is not a string"},
    {R"({"annotations": ["x"]})", "annotations", "is not an object"},
    {R"({"hooks": {"prestart": {"path": "/x"}}})", "hooks.prestart", "is not an array"},
    {R"({"hooks": {"poststop": [{}]}})", "hooks.poststop[0].path", "is missing"},
    {R"({"hooks": {"createRuntime": [{"path": "bin/x"}]}})", "hooks.createRuntime[0].path",
     "\"bin/x\" is not an absolute path"},
    {R"({"hooks": {"poststart": [{"path": "/x", "timeout": 0}]}})", "hooks.poststart[0].timeout",
     "0 is not a whole number from 1"},
    {R"({"hooks": {"poststart": [{"path": "/x", "timeout": -3}]}})", "hooks.poststart[0].timeout",
     "-3"},
    {R"({"hooks": {"startContainer": [{"path": "/x", "env": ["A"]}]}})",
     "hooks.startContainer[0].env[0]", "NAME=VALUE"},
    {R"({"hooks": {"createContainer": [{"path": "/x", "args": "x"}]}})",
     "hooks.createContainer[0].args", "is not an array"},
};

constexpr Refusal kProcess[] = {
    {R"({"process": "true"})", "process", "\"true\" is not an object"},
    {R"({"process": {"cwd": null}})", "process.cwd", "is missing; it must be an absolute path"},
    {R"({"process": {"cwd": "tmp"}})", "process.cwd", "\"tmp\" is not an absolute path"},
    {R"({"process": {"cwd": ""}})", "process.cwd", "is not an absolute path"},
    {R"({"process": {"args": null}})", "process.args", "is missing"},
    {R"({"process": {"args": []}})", "process.args", "is empty"},
    {R"({"process": {"args": [""]}})", "process.args[0]", "name of a program"},
    {R"({"process": {"args": ["a", 5]}})", "process.args[1]", "5 is not a string"},
    {R"({"process": {"args": "true"}})", "process.args", "is not an array"},
    {R"({"process": {"env": ["PATH"]}})", "process.env[0]", "\"PATH\" is not an environment"},
    {R"({"process": {"env": ["=x"]}})", "process.env[0]", "is not an environment entry"},
    {R"({"process": {"env": {"A": "b"}}})", "process.env", "is not an array"},
    {R"({"process": {"terminal": 1}})", "process.terminal", "1 is not true or false"},
    {R"({"process": {"terminal": true, "consoleSize": {"height": 25}}})",
     "process.consoleSize.width", "is missing"},
    {R"({"process": {"terminal": true, "consoleSize": {"height": 70000, "width": 80}}})",
     "process.consoleSize.height", "from 0 to 65535"},
    {R"({"process": {"user": "root"}})", "process.user", "is not an object"},
    {R"({"process": {"user": {"uid": null}}})", "process.user.uid", "is missing"},
    {R"({"process": {"user": {"gid": null}}})", "process.user.gid", "is missing"},
    {R"({"process": {"user": {"uid": -1}}})", "process.user.uid", "-1 is not a whole number"},
    {R"({"process": {"user": {"uid": 4294967295}}})", "process.user.uid", "to 4294967294"},
    {R"({"process": {"user": {"gid": 4294967295}}})", "process.user.gid", "to 4294967294"},
    {R"({"process": {"user": {"additionalGids": [4294967295]}}})", "process.user.additionalGids[0]",
     "to 4294967294"},
    {R"({"process": {"user": {"uid": 1e3}}})", "process.user.uid", "is not a whole number"},
    {R"({"process": {"user": {"umask": 512}}})", "process.user.umask", "from 0 to 511"},
    {R"({"process": {"user": {"additionalGids": [1, "x"]}}})", "process.user.additionalGids[1]",
     "is not a whole number"},
    {R"({"process": {"oomScoreAdj": 1001}})", "process.oomScoreAdj", "from -1000 to 1000"},
    {R"({"process": {"oomScoreAdj": 99999999999999999999}})", "process.oomScoreAdj", "1e+20"},
    {R"({"process": {"capabilities": ["CAP_KILL"]}})", "process.capabilities", "not an object"},
    {R"({"process": {"capabilities": {"bounding": "CAP_KILL"}}})", "process.capabilities.bounding",
     "is not an array"},
    {R"({"process": {"capabilities": {"ambient": [5]}}})", "process.capabilities.ambient[0]",
     "is not a string"},
    {R"({"process": {"rlimits": [{"soft": 1, "hard": 1}]}})", "process.rlimits[0].type", "missing"},
    {R"({"process": {"rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}]}})",
     "process.rlimits[0].type", "\"NOFILE\" is not a resource limit (RLIMIT_AS, "},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "hard": 1}]}})", "process.rlimits[0].soft",
     "is missing"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": 1}]}})", "process.rlimits[0].hard",
     "is missing"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}]}})",
     "process.rlimits[0].soft", "2 is over the hard limit 1"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": -1, "hard": 1}]}})",
     "process.rlimits[0].soft", "to 18446744073709551615"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1},
                                 {"type": "RLIMIT_CPU", "soft": 2, "hard": 2}]}})",
     "process.rlimits[1]", "RLIMIT_CPU is given twice"},
    {R"({"process": {"noNewPrivileges": "true"}})", "process.noNewPrivileges", "true or false"},
    {R"({"process": {"scheduler": {}}})", "process.scheduler.policy", "is missing"},
    {R"({"process": {"scheduler": {"policy": "SCHED_WHIM"}}})", "process.scheduler.policy",
     "\"SCHED_WHIM\" is not a scheduling policy (SCHED_OTHER, "},
    {R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "nice": 20}}})",
     "process.scheduler.nice", "20 is not a whole number from -20 to 19"},
    {R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "priority": 1}}})",
     "process.scheduler.priority", "1 is for SCHED_FIFO and SCHED_RR, not for SCHED_OTHER"},
    {R"({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 1, "period": 9}}})",
     "process.scheduler.period", "9 is for SCHED_DEADLINE, not for SCHED_RR"},
    {R"({"process": {"scheduler": {"policy": "SCHED_IDLE", "flags": ["X"]}}})",
     "process.scheduler.flags[0]", "\"X\" is no flag here (SCHED_FLAG_RESET_ON_FORK, "},
    {R"({"process": {"ioPriority": {"priority": 1}}})", "process.ioPriority.class", "is missing"},
    {R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE"}}})", "process.ioPriority.priority",
     "is missing"},
    {R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}}})",
     "process.ioPriority.priority", "8 is not a whole number from 0 to 7"},
    {R"({"process": {"ioPriority": {"class": "best", "priority": 1}}})", "process.ioPriority.class",
     "\"best\" is not a class of I/O priorities (IOPRIO_CLASS_RT, "},
    {R"({"process": {"execCPUAffinity": {"initial": "0-"}}})", "process.execCPUAffinity.initial",
     "\"0-\" is not a list such as \"0-3,7\", with numbers up to 8191"},
    {R"({"process": {"execCPUAffinity": {"final": "3-1"}}})", "process.execCPUAffinity.final",
     "\"3-1\" is not a list"},
    {R"({"process": {"execCPUAffinity": {"final": "8192"}}})", "process.execCPUAffinity.final",
     "\"8192\" is not a list"},
    {R"({"process": {"apparmorProfile": 1}})", "process.apparmorProfile", "1 is not a string"},
    {R"({"process": {"selinuxLabel": 1}})", "process.selinuxLabel", "1 is not a string"},
    {R"({"linux": {"mountLabel": 1}})", "linux.mountLabel", "1 is not a string"},
    {R"({"linux": {"rootfsPropagation": []}})", "linux.rootfsPropagation", "is not a string"},
    {R"({"linux": {"namespaces": [{"type": "ipc", "path": {}}]}})", "linux.namespaces[0].path",
     "is not a string"},
    {R"({"linux": {"netDevices": {"eth0": {"name": {}}}}})", "linux.netDevices.eth0.name",
     "is not a string"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "type": []}]}}})",
     "linux.resources.devices[0].type", "is not a string"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "access": {}}]}}})",
     "linux.resources.devices[0].access", "is not a string"},
};

constexpr Refusal kMounts[] = {
    {R"({"mounts": {}})", "mounts", "an object is not an array"},
    {R"({"mounts": ["/proc"]})", "mounts[0]", "is not an object"},
    {R"({"mounts": [{"type": "proc"}]})", "mounts[0].destination", "is missing"},
    {R"({"mounts": [{"destination": "", "type": "proc"}]})", "mounts[0].destination", "is empty"},
    {R"({"mounts": [{"destination": "/a"}]})", "mounts[0]", "has no type"},
    {R"({"mounts": [{"destination": "/a", "options": ["bind"]}]})", "mounts[0]", "has no source"},
    {R"({"mounts": [{"destination": "/a", "type": "bind"}]})", "mounts[0]", "has no source"},
    {R"({"mounts": [{"destination": "/a", "type": "tmpfs", "options": "ro"}]})",
     "mounts[0].options", "is not an array"},
    {R"({"mounts": [{"destination": "/a", "type": "tmpfs", "options": [1]}]})",
     "mounts[0].options[0]", "1 is not a string"},
    {R"({"mounts": [{"destination": "/a", "type": "proc", "options": ["tmpcopyup"]}]})",
     "mounts[0].options", "tmpcopyup is for mounts of type tmpfs"},
    {R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"]}]})",
     "mounts[0].options", "idmap needs uidMappings"},
    {R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"],
                     "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}]})",
     "mounts[0]", "only one of uidMappings and gidMappings"},
};

constexpr Refusal kNamespaces[] = {
    {R"({"linux": []})", "linux", "is not an object"},
    {R"({"linux": {"namespaces": [{"type": "mount"}, {"type": "pids"}]}})",
     "linux.namespaces[1].type",
     "\"pids\" is not a namespace type (pid, network, mount, ipc, uts, user, cgroup, time)"},
    {R"({"linux": {"namespaces": [{}]}})", "linux.namespaces[0].type", "is missing"},
    {R"({"linux": {"namespaces": [{"type": "pid"}, {"type": "pid"}]}})", "linux.namespaces[1].type",
     "is given twice"},
    {R"({"linux": {"namespaces": [{"type": "pid", "path": "proc/1/ns/pid"}]}})",
     "linux.namespaces[0].path", "is not an absolute path"},
    {R"({"linux": {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}})",
     "linux.uidMappings", "needs a namespace of type user"},
    {R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}})",
     "linux.gidMappings", "needs a namespace of type user"},
    {R"({"linux": {"namespaces": [{"type": "user"}],
                   "uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}]}})",
     "linux.uidMappings[0].size", "0 is not a whole number from 1"},
    {R"({"linux": {"namespaces": [{"type": "user"}],
                   "uidMappings": [{"containerID": 0, "size": 1}]}})",
     "linux.uidMappings[0].hostID", "is missing"},
    {R"({"linux": {"namespaces": [{"type": "user"}],
                   "uidMappings": [{"containerID": 4294967290, "hostID": 0, "size": 6}]}})",
     "linux.uidMappings[0].size", "beyond the highest id"},
    {R"({"linux": {"namespaces": [{"type": "user"}],
                   "gidMappings": [{"containerID": 0, "hostID": 100, "size": 10},
                                   {"containerID": 9, "hostID": 200, "size": 10}]}})",
     "linux.gidMappings[1]", "an earlier entry maps"},
    {R"({"linux": {"namespaces": [{"type": "user"}],
                   "gidMappings": [{"containerID": 0, "hostID": 100, "size": 10},
                                   {"containerID": 20, "hostID": 109, "size": 1}]}})",
     "linux.gidMappings[1]", "an earlier entry maps"},
    {R"({"linux": {"timeOffsets": {"monotonic": {"secs": 1}}}})", "linux.timeOffsets",
     "needs a namespace of type time"},
    {R"({"linux": {"namespaces": [{"type": "time", "path": "/proc/1/ns/time"}],
                   "timeOffsets": {"monotonic": {"secs": 1}}}})",
     "linux.timeOffsets", "needs a new time namespace"},
    {R"({"linux": {"namespaces": [{"type": "time"}], "timeOffsets": {"realtime": {"secs": 1}}}})",
     "linux.timeOffsets.realtime", "is not a clock"},
    {R"({"linux": {"namespaces": [{"type": "time"}],
                   "timeOffsets": {"boottime": {"nanosecs": 1000000000}}}})",
     "linux.timeOffsets.boottime.nanosecs", "from 0 to 999999999"},
};

constexpr Refusal kLinux[] = {
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_NOTIFY"}}})",
     "linux.seccomp.listenerPath", "is missing"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": ""}}})",
     "linux.seccomp.listenerPath", "\"\" is no path; SCMP_ACT_NOTIFY needs a unix socket"},
    {R"({"linux": {"personality": {}}})", "linux.personality.domain", "is missing"},
    {R"({"linux": {"personality": {"domain": "LINUX16"}}})", "linux.personality.domain",
     "\"LINUX16\" is not an execution domain (LINUX, LINUX32)"},
    {R"({"linux": {"personality": {"domain": "LINUX", "flags": ["X"]}}})",
     "linux.personality.flags[0]", "\"X\" is not a flag; none is defined"},
    {R"({"linux": {"memoryPolicy": {}}})", "linux.memoryPolicy.mode", "is missing"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_MINE"}}})", "linux.memoryPolicy.mode",
     "\"MPOL_MINE\" is not a policy for memory (MPOL_DEFAULT, "},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0,x"}}})",
     "linux.memoryPolicy.nodes", "\"0,x\" is not a list"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "flags": ["MPOL_F_ALL"]}}})",
     "linux.memoryPolicy.flags[0]", "\"MPOL_F_ALL\" is no flag here (MPOL_F_NUMA_BALANCING, "},
    {R"({"linux": {"netDevices": {"eth0": {}}}})", "linux.netDevices",
     "needs a namespace of type network in linux.namespaces"},
    {R"({"linux": {"netDevices": {"eth0": "eth1"}}})", "linux.netDevices.eth0", "is not an object"},
    {R"({"linux": {"netDevices": {"lo": {"name": "eth0"}}}})", "linux.netDevices.lo",
     "the loopback device cannot leave"},
    {R"({"linux": {"netDevices": {"sixteen-letters-": {}}}})", "linux.netDevices.sixteen-letters-",
     "it has 1 to 15 bytes"},
    {R"({"linux": {"netDevices": {"eth%d": {}}}})", R"(linux.netDevices["eth%d"])",
     "'%' may only occur"},
    {R"({"linux": {"netDevices": {"eth0": {"name": "lo"}}}})", "linux.netDevices.eth0.name",
     "\"lo\" is the loopback device"},
    {R"({"linux": {"netDevices": {"eth0": {"name": ".."}}}})", "linux.netDevices.eth0.name",
     "\"..\" is no name"},
    {R"({"linux": {"netDevices": {"eth0": {"name": "a:b"}}}})", "linux.netDevices.eth0.name",
     "'/', ':' and white space"},
    {R"({"linux": {"netDevices": {"eth0": {"name": "eth%d0"}}}})", "linux.netDevices.eth0.name",
     "'%' may only occur"},
    {R"({"linux": {"netDevices": {"eth0": {"name": "fourteen-bytes%d"}}}})",
     "linux.netDevices.eth0.name", "it has 1 to 15 bytes"},
    {R"({"linux": {"netDevices": {"a": {"name": "c"}, "b": {"name": "c"}}}})",
     "linux.netDevices.b.name", "another device gets too"},
    {R"({"linux": {"netDevices": {"a": {"name": "b"}, "b": {}}}})", "linux.netDevices.b",
     "another device gets too"},
    {R"({"linux": {"devices": [{"path": "/dev/x", "major": 1, "minor": 1}]}})",
     "linux.devices[0].type", "is missing"},
    {R"({"linux": {"devices": [{"type": "x", "path": "/dev/x", "major": 1, "minor": 1}]}})",
     "linux.devices[0].type", "\"x\" is not a type of device"},
    {R"({"linux": {"devices": [{"type": "c", "path": "dev/x", "major": 1, "minor": 1}]}})",
     "linux.devices[0].path", "is not an absolute path"},
    {R"({"linux": {"devices": [{"type": "c", "path": "/dev/x", "minor": 1}]}})",
     "linux.devices[0].major", "is missing"},
    {R"({"linux": {"devices": [{"type": "b", "path": "/dev/x", "major": 1}]}})",
     "linux.devices[0].minor", "is missing"},
    {R"({"linux": {"devices": [{"type": "c", "path": "/dev/x", "major": 4096, "minor": 1}]}})",
     "linux.devices[0].major", "from 0 to 4095"},
    {R"({"linux": {"devices": [{"type": "c", "path": "/x", "major": 1, "minor": 1,
                                "fileMode": "0666"}]}})",
     "linux.devices[0].fileMode", "is not a whole number"},
    {R"({"linux": {"cgroupsPath": "/a/../../b"}})", "linux.cgroupsPath", "climbs out"},
    {R"({"linux": {"cgroupsPath": ".."}})", "linux.cgroupsPath", "climbs out"},
    {R"({"linux": {"rootfsPropagation": "rshare"}})", "linux.rootfsPropagation",
     "\"rshare\" is not a mount propagation"},
    {R"({"linux": {"maskedPaths": ["/a", "b"]}})", "linux.maskedPaths[1]", "\"b\" is not an abs"},
    {R"({"linux": {"readonlyPaths": ["b"]}})", "linux.readonlyPaths[0]", "\"b\" is not an abs"},
    {R"({"linux": {"sysctl": {"net.ipv4.ip_forward": "1"}}})",
     R"(linux.sysctl["net.ipv4.ip_forward"])", "needs a namespace of type network"},
    {R"({"linux": {"sysctl": {"kernel.msgmax": "1"}}})", R"(linux.sysctl["kernel.msgmax"])",
     "needs a namespace of type ipc"},
    {R"({"linux": {"sysctl": {"fs.mqueue.msg_max": "1"}}})", R"(linux.sysctl["fs.mqueue.msg_max"])",
     "needs a namespace of type ipc"},
    {R"({"linux": {"sysctl": {"kernel.domainname": "x"}}})", R"(linux.sysctl["kernel.domainname"])",
     "needs a namespace of type uts"},
    {R"({"linux": {"sysctl": {"kernel.panic": "1"}}})", R"(linux.sysctl["kernel.panic"])",
     "would change the host"},
    {R"({"linux": {"sysctl": {"kernel.semantics": "1"}}})", R"(linux.sysctl["kernel.semantics"])",
     "belongs to no namespace"},
    {R"({"linux": {"sysctl": {"net/../kernel/panic": "1"}}})",
     R"(linux.sysctl["net/../kernel/panic"])", "is not the name of a kernel parameter"},
    {R"({"linux": {"sysctl": {"net.//.kernel": "1"}}})", R"(linux.sysctl["net.//.kernel"])",
     "is not the name of a kernel parameter"},
    {R"({"linux": {"sysctl": {"net..x": "1"}}})", R"(linux.sysctl["net..x"])",
     "is not the name of a kernel parameter"},
    {R"({"linux": {"sysctl": {"": "1"}}})", R"(linux.sysctl[""])",
     "is not the name of a kernel parameter"},
    {R"({"linux": {"namespaces": [{"type": "ipc"}], "sysctl": {"kernel.sem": 5}}})",
     R"(linux.sysctl["kernel.sem"])", "5 is not a string"},
    {R"({"linux": {"namespaces": [{"type": "ipc"}],
                   "sysctl": {"kernel.sem": "1", "kernel/sem": "2"}}})",
     R"(linux.sysctl["kernel/sem"])", "is given twice"},
};

constexpr Refusal kResources[] = {
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 7, "minor": 0}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].rate", "is missing"},
    {R"({"linux": {"resources": {"devices": [{"access": "rwm"}]}}})",
     "linux.resources.devices[0].allow", "is missing"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "type": "d"}]}}})",
     "linux.resources.devices[0].type", "\"d\" is not a type of devices"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "access": "rx"}]}}})",
     "linux.resources.devices[0].access", "\"rx\" is not an access"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "major": -2}]}}})",
     "linux.resources.devices[0].major", "-2 is not a whole number from -1"},
    {R"({"linux": {"resources": {"memory": {"limit": "1g"}}}})", "linux.resources.memory.limit",
     "\"1g\" is not a whole number"},
    {R"({"linux": {"resources": {"memory": {"limit": 9223372036854775808}}}})",
     "linux.resources.memory.limit", "to 9223372036854775807"},
    {R"({"linux": {"resources": {"memory": {"limit": -2}}}})", "linux.resources.memory.limit",
     "-2 is not a whole number from -1"},
    {R"({"linux": {"resources": {"memory": {"limit": 100, "swap": 99}}}})",
     "linux.resources.memory.swap", "99 is under the limit 100"},
    {R"({"linux": {"resources": {"memory": {"swappiness": 101}}}})",
     "linux.resources.memory.swappiness", "from 0 to 100"},
    {R"({"linux": {"resources": {"cpu": {"shares": -1}}}})", "linux.resources.cpu.shares", "-1"},
    {R"({"linux": {"resources": {"cpu": {"cpus": "all"}}}})", "linux.resources.cpu.cpus",
     "is not a list of numbers and ranges"},
    {R"({"linux": {"resources": {"pids": {"limit": 1.5}}}})", "linux.resources.pids.limit",
     "1.5 is not a whole number"},
    {R"({"linux": {"resources": {"pids": 5}}})", "linux.resources.pids", "5 is not an object"},
};

INSTANTIATE_TEST_SUITE_P(TopLevel, Refused, ::testing::ValuesIn(kTopLevel));
INSTANTIATE_TEST_SUITE_P(Process, Refused, ::testing::ValuesIn(kProcess));
INSTANTIATE_TEST_SUITE_P(Mounts, Refused, ::testing::ValuesIn(kMounts));
INSTANTIATE_TEST_SUITE_P(Namespaces, Refused, ::testing::ValuesIn(kNamespaces));
INSTANTIATE_TEST_SUITE_P(Linux, Refused, ::testing::ValuesIn(kLinux));
INSTANTIATE_TEST_SUITE_P(Resources, Refused, ::testing::ValuesIn(kResources));

TEST(Refusals, ControlTheUnchangedDocumentIsTaken) {
  EXPECT_EQ(refusal(kMinimal), "");
}

TEST(Refusals, NothingMayFollowANulByte) {
  using namespace std::string_literals;
  EXPECT_THAT(refusal(patched("{}") + "\n\0{\"ociVersion\""s),
              ::testing::AllOf(HasSubstr("column 1: "), HasSubstr("NUL byte")));
  EXPECT_THAT(refusal(patched("{}") + "\0"s), HasSubstr("NUL byte"));
}

TEST(Refusals, HostnameIsBoundByTheKernel) {
  const auto with_name = [](std::size_t length) {
    return patched(R"({"linux": {"namespaces": [{"type": "uts"}]}, "hostname": ")" +
                   std::string(length, 'a') + R"("})");
  };
  EXPECT_EQ(refusal(with_name(64)), "");
  EXPECT_THAT(refusal(with_name(65)), HasSubstr("is 65 bytes long; the kernel takes at most 64"));
}

TEST(Refusals, IdMappingsAreBoundByTheKernel) {
  const auto with_mappings = [](int count) {
    auto document = nlohmann::json::parse(kMinimal);
    document["linux"]["namespaces"].push_back({{"type", "user"}});
    for (int id = 0; id < count; ++id) {
      document["linux"]["uidMappings"].push_back(
          {{"containerID", id}, {"hostID", id}, {"size", 1}});
    }
    return document.dump();
  };
  EXPECT_EQ(refusal(with_mappings(340)), "");
  EXPECT_THAT(refusal(with_mappings(341)), HasSubstr("linux.uidMappings: has 341 entries"));
}

TEST(Refusals, LongValuesAreCutInMessages) {
  const std::string message =
      refusal(patched(R"({"process": {"cwd": ")" + std::string(5000, 'x') + R"("}})"));
  EXPECT_THAT(message, HasSubstr("xxx\"... is not an absolute path"));
  EXPECT_LT(message.size(), 150U);
}

TEST(Refusals, MessagesArePrintableAscii) {
  const std::string message = refusal(patched("{\"process\": {\"cwd\": \"\u00e9\\n\u20ac\"}}"));
  EXPECT_THAT(message, HasSubstr(R"("\u00e9\n\u20ac" is not an absolute path)"));
}

}  // namespace
}  // namespace seatrial::spec::testing
