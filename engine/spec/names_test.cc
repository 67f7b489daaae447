#include "engine/spec/names.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/resource.h>

#include <csignal>

namespace seatrial::spec {
namespace {

TEST(Names, CapabilitiesFollowTheKernel) {
  EXPECT_EQ(capability_number("CAP_CHOWN"), unsigned{CAP_CHOWN});
  EXPECT_EQ(capability_number("CAP_SETPCAP"), unsigned{CAP_SETPCAP});
  EXPECT_EQ(capability_number("CAP_SYS_ADMIN"), unsigned{CAP_SYS_ADMIN});
  EXPECT_EQ(capability_number("CAP_MKNOD"), unsigned{CAP_MKNOD});
  EXPECT_EQ(capability_number("CAP_SETFCAP"), unsigned{CAP_SETFCAP});
  EXPECT_EQ(capability_number("CAP_SYSLOG"), unsigned{CAP_SYSLOG});
  EXPECT_EQ(capability_number("CAP_CHECKPOINT_RESTORE"), unsigned{CAP_LAST_CAP});
  EXPECT_EQ(capability_count(), unsigned{CAP_LAST_CAP} + 1);
  EXPECT_FALSE(capability_number("KILL"));
  EXPECT_FALSE(capability_number(""));
  for (unsigned number = 0; number < capability_count(); ++number) {
    EXPECT_EQ(capability_number(capability_name(number)), number);
  }
  EXPECT_EQ(capability_name(capability_count()), "");
}

TEST(Names, EveryResourceLimitHasOne) {
  for (int resource = 0; resource < RLIMIT_NLIMITS; ++resource) {
    EXPECT_EQ(rlimit_resource(rlimit_name(resource)), resource);
  }
  EXPECT_EQ(rlimit_resource("RLIMIT_NOFILE"), RLIMIT_NOFILE);
  EXPECT_EQ(rlimit_resource("RLIMIT_RTTIME"), RLIMIT_RTTIME);
  EXPECT_FALSE(rlimit_resource("RLIMIT_NLIMITS"));
}

TEST(Names, SignalsComeByNameOrNumber) {
  EXPECT_EQ(signal_number("SIGTERM"), SIGTERM);
  EXPECT_EQ(signal_number("TERM"), SIGTERM);
  EXPECT_EQ(signal_number("sigkill"), SIGKILL);
  EXPECT_EQ(signal_number("15"), 15);
  EXPECT_EQ(signal_number("0"), 0);
  EXPECT_EQ(signal_number("64"), 64);
  EXPECT_EQ(signal_number("SIGIOT"), SIGABRT);
  EXPECT_EQ(signal_number("RTMIN"), 34);
  EXPECT_EQ(signal_number("SIGRTMIN+3"), 37);
  EXPECT_EQ(signal_number("SIGRTMAX-2"), 62);
  for (const char* wrong : {"", "SIG", "65", "-1", "SIGRTMIN+31", "SIGRTMIN-1", "RTMAX+1", "RTMIN+",
                            "15x", " 15", "+15", "99999999999", "SIGSIGTERM", "SIGRTMIN+-1"}) {
    EXPECT_FALSE(signal_number(wrong)) << wrong;
  }
}

TEST(Names, EverySignalHasOneThatLeadsBack) {
  for (int number = 1; number <= 64; ++number) {
    if (number == 32 || number == 33) continue;  // glibc's own
    EXPECT_EQ(signal_number(signal_name(number)), number) << signal_name(number);
  }
  EXPECT_EQ(signal_name(SIGABRT), "SIGABRT");
  EXPECT_EQ(signal_name(0), "");
  EXPECT_EQ(signal_name(65), "");
}

TEST(Names, NamespacesLeadBack) {
  for (const char* name : {"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"}) {
    EXPECT_EQ(to_string(namespace_type(name).value()), name);
  }
  EXPECT_FALSE(namespace_type("net"));
  EXPECT_EQ(known_namespace_types(), "pid, network, mount, ipc, uts, user, cgroup, time");
}

TEST(Names, DevicesAndPropagation) {
  EXPECT_EQ(device_type("c"), DeviceType::kCharacter);
  EXPECT_EQ(device_type("u"), DeviceType::kCharacter);
  EXPECT_EQ(device_type("b"), DeviceType::kBlock);
  EXPECT_EQ(device_type("p"), DeviceType::kFifo);
  EXPECT_FALSE(device_type("a"));
  EXPECT_FALSE(device_type("cc"));
  EXPECT_EQ(propagation_flag("shared"), std::uint64_t{MS_SHARED});
  EXPECT_EQ(propagation_flag("rslave"), std::uint64_t{MS_SLAVE});
  EXPECT_EQ(propagation_flag("rprivate"), std::uint64_t{MS_PRIVATE});
  EXPECT_EQ(propagation_flag("unbindable"), std::uint64_t{MS_UNBINDABLE});
  EXPECT_FALSE(propagation_flag("rrshared"));
  EXPECT_FALSE(propagation_flag("r"));
}

}  // namespace
}  // namespace seatrial::spec
