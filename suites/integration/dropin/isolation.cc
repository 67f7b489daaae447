// What a container may do, and what it is kept from.
#include <fmt/format.h>

#include <sstream>

#include "suites/integration/dropin/dropin_case.h"

namespace dropin_suite {
namespace {

constexpr const char* kCapabilities = "grep ^Cap /proc/self/status";

Seen output(Session& at, const Wish& wish) {
  const Ended ended = at.finish(wish);
  return {std::to_string(ended.code), ended.out, ended.err};
}

}  // namespace

TRIAL(User, IsTheOneWithItsGroups, Clauses{"docker/run/user", "docker/run/group-add"}) {
  const Seen seen = with_both([](Session& at) {
    Seen facts;
    for (const char* user : {"1234:4321", "0", "0:5"}) {
      facts.push_back(at.finish({.args = at.shell("id -u; id -g; id -G; umask; echo $HOME"),
                                 .user = user,
                                 .groups = {77}})
                          .out);
    }
    return facts;
  });
  EXPECT_THAT(seen.at(0), StartsWith("1234\n4321\n"));
  EXPECT_THAT(seen.at(0), HasSubstr("77"));
}

TRIAL(User, OwnsWhatItsTerminalNeeds, Clauses{"docker/run/user", "docker/run/tty"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = at.shell("echo x > /dev/stdout && stat -c %u $(tty)"),
                       .tty = true,
                       .user = "1234"});
  });
  EXPECT_EQ(seen, (Seen{"0", "x\r\n1234\r\n", ""}));
}

TRIAL(User, WritesItsStandardStreams, Clauses{"docker/run/user"}) {
  const Seen seen = with_both([](Session& at) {
    return output(
        at, {.args = at.shell("echo out > /dev/stdout; echo err > /dev/stderr"), .user = "1234"});
  });
  EXPECT_EQ(seen, (Seen{"0", "out\n", "err\n"}));
}

TRIAL(Capabilities, AreTheDaemonsDefault, Clauses{"docker/run/cap-add"}) {
  const Seen seen =
      with_both([](Session& at) { return output(at, {.args = at.shell(kCapabilities)}); });
  EXPECT_THAT(seen.at(1), ContainsRegex("CapEff:\t[0-9a-f]{16}\n"));
}

TRIAL(Capabilities, AreAddedAndDropped, Clauses{"docker/run/cap-add", "docker/run/cap-drop"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = at.shell(kCapabilities),
                       .cap_add = {"SYS_ADMIN", "NET_ADMIN"},
                       .cap_drop = {"CHOWN", "MKNOD"}});
  });
  // Bits 12 and 21 are there, bits 0 and 27 are not.
  const std::string bounding = seen.at(1).substr(seen.at(1).find("CapBnd:\t") + 8, 16);
  const std::uint64_t set = std::stoull(bounding, nullptr, 16);
  EXPECT_EQ(set & (1u << 12 | 1u << 21), 1u << 12 | 1u << 21);
  EXPECT_EQ(set & (1u << 0 | 1u << 27), 0u);
}

TRIAL(Capabilities, OfAnotherUserAreNotEffective,
      Clauses{"docker/run/cap-add", "docker/run/user"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = at.shell(kCapabilities), .cap_add = {"NET_ADMIN"}, .user = "1234"});
  });
  EXPECT_THAT(seen.at(1), HasSubstr("CapEff:\t"));
}

TRIAL(Seccomp, IsTheDaemonsProfileOrNone, Clauses{"docker/run/security-opt"},
      Needs{Feature::kSeccomp}) {
  const Seen seen = with_both([](Session& at) {
    Seen facts;
    for (const SeccompWish wish : {SeccompWish::kDaemons, SeccompWish::kNone}) {
      facts.push_back(
          at.finish({.args = at.shell("grep ^Seccomp: /proc/self/status"), .seccomp = wish}).out);
    }
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"Seccomp:\t2\n", "Seccomp:\t0\n"}));
}

TRIAL(Seccomp, IsTheProfileOfAFile, Clauses{"docker/run/security-opt"}, Needs{Feature::kSeccomp}) {
  const std::string profile = scratch_file(
      "profile.json", R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)"
                      R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]})");
  const Seen seen = with_both([&](Session& at) {
    return output(at, {.args = at.shell("mkdir /tmp/kept 2>&1; touch /made && echo made"),
                       .seccomp = SeccompWish::kProfile,
                       .profile = profile});
  });
  EXPECT_THAT(seen.at(1), AllOf(HasSubstr("Function not implemented"), HasSubstr("made\n")));
}

TRIAL(NoNewPrivileges, IsSetWhenAskedFor, Clauses{"docker/run/security-opt"}) {
  const Seen seen = with_both([](Session& at) {
    Seen facts;
    for (const bool wanted : {false, true}) {
      facts.push_back(at.finish({.args = at.shell("grep ^NoNewPrivs: /proc/self/status"),
                                 .no_new_privileges = wanted})
                          .out);
    }
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"NoNewPrivs:\t0\n", "NoNewPrivs:\t1\n"}));
}

TRIAL(ReadOnly, RootRefusesWriting, Clauses{"docker/run/read-only"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = at.shell("touch /file || touch /dev/shm/file && echo shm"),
                       .read_only = true});
  });
  EXPECT_THAT(seen, ElementsAre("0", "shm\n", HasSubstr("Read-only file system")));
}

TRIAL(Proc, HidesAndProtects, Clauses{"docker/run/security-opt"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at,
                  {.args = at.shell("wc -c < /proc/keys; wc -c < /proc/timer_list; ls /proc/acpi "
                                    "/sys/firmware; echo 1 > /proc/sys/kernel/msgmax")});
  });
  EXPECT_THAT(seen.at(2), HasSubstr("Read-only file system"));
}

// The daemon's host: the containers' own are compared with what a container without them has.
TRIAL(Namespaces, OfTheHostAreSharedWhenAskedFor,
      Clauses{"docker/run/pid-host", "docker/run/ipc"}) {
  const Seen seen = with_both([](Session& at) {
    const std::vector<std::string> look =
        at.shell("for n in pid ipc uts; do readlink /proc/self/ns/$n; done");
    const Wish shared{.args = look, .joins = {{"pid", "host"}, {"ipc", "host"}, {"uts", "host"}}};
    const std::string first = at.finish(shared).out;
    Seen facts{first == at.finish(shared).out ? "kept" : "changed"};
    for (const char* kind : {"pid", "ipc", "uts"}) {
      Wish wish = shared;
      wish.joins.erase(kind);
      // Two lines of three are the host's.
      const std::string mixed = at.finish(wish).out;
      std::size_t same = 0;
      std::istringstream ours(first);
      std::istringstream theirs(mixed);
      for (std::string one, other; std::getline(ours, one) && std::getline(theirs, other);) {
        same += one == other ? 1U : 0U;
      }
      facts.push_back(fmt::format("{} of the host's without {}", same, kind));
    }
    return facts;
  });
  EXPECT_EQ(seen, (Seen{"kept", "2 of the host's without pid", "2 of the host's without ipc",
                        "2 of the host's without uts"}));
}

TRIAL(Namespaces, OfAnotherContainerAreJoined, Clauses{"docker/run/pid-host", "docker/run/ipc"}) {
  const Seen seen = with_both([](Session& at) {
    Wish first = at.sleeper();
    if (!at.is_ctr()) first.docker["HostConfig"]["IpcMode"] = "shareable";
    const std::string id = at.hold(first);
    const std::vector<std::string> look =
        at.shell("for n in pid ipc net; do readlink /proc/self/ns/$n; done");
    const Wish second{.args = look, .joins = {{"pid", id}, {"ipc", id}, {"network", id}}};
    const std::string joined = at.finish(second).out;
    return Seen{joined == at.exec(id, {.args = look}).out ? "the same" : joined};
  });
  EXPECT_EQ(seen, (Seen{"the same"}));
}

TRIAL(Sysctl, IsSetInTheContainer, Clauses{"docker/run/sysctl"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = {"cat", "/proc/sys/kernel/msgmax", "/proc/sys/net/ipv4/ip_forward"},
                       .sysctls = {{"kernel.msgmax", "12345"}, {"net.ipv4.ip_forward", "1"}}});
  });
  EXPECT_EQ(seen, (Seen{"0", "12345\n1\n", ""}));
}

TRIAL(Devices, AreTheDefaultOnes, Clauses{"docker/run/device"}) {
  const Seen seen = with_both([](Session& at) {
    return output(at, {.args = at.shell("cd /dev; for f in *; do stat -c '%n %F %a %t:%T %N' $f; "
                                        "done; head -c 4 zero | wc -c; echo x > null")});
  });
  EXPECT_THAT(seen.at(1), HasSubstr("null character special file 666"));
  EXPECT_EQ(seen.at(2), "");
}

TRIAL(Devices, OfTheHostAreGivenAndOthersKept, Clauses{"docker/run/device"},
      Needs{Feature::kMakeDevices, Feature::kDevicesCgroup}) {
  const Seen seen = with_both([](Session& at) {
    // Whether the node of another may be made is where the two differ, and on purpose.
    return output(at, {.args = at.shell("ls -l /dev/kmsg | cut -c1; : > /dev/kmsg && echo opened; "
                                        "mknod /n c 1 1 2>/dev/null; cat /n >/dev/null 2>&1; "
                                        "echo $?"),
                       .devices = {"/dev/kmsg"}});
  });
  EXPECT_EQ(seen.at(1), "c\nopened\n1\n");
}

}  // namespace dropin_suite
