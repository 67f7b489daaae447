// hostname, domainname and sysctl: what belongs to a namespace and is set in it.
#include <sys/utsname.h>

#include <string>
#include <vector>

#include "engine/base/files.h"
#include "harness/fixtures/case.h"

namespace {

utsname our_names() {
  utsname names{};
  ::uname(&names);
  return names;
}

}  // namespace

TRIAL(Hostname, IsSetInTheContainerAlone,
      Clauses{"runtime/hostname/set", "runtime/namespaces/uts"}) {
  const std::string before = our_names().nodename;
  ASSERT_NE(before, "flagship");
  auto box =
      target().run(Bundle::minimal().hostname("flagship").probe({"hostname"}).probe({"hold"}));
  EXPECT_THAT(box.report().answer("hostname"), HasText("hostname", "flagship"));
  EXPECT_EQ(our_names().nodename, before);
}

// 64 bytes is what the kernel takes.
TRIAL(Hostname, MayBeAsLongAsTheKernelAllows, Clauses{"runtime/hostname/set"}) {
  const std::string longest(64, 'x');
  auto box = target().run(Bundle::minimal().hostname(longest).probe({"hostname"}));
  EXPECT_THAT(box.report().answer("hostname"), HasText("hostname", longest));
}

TRIAL(Domainname, IsSetInTheContainerAlone, Clauses{"runtime/hostname/domainname"},
      Needs{Feature::kDomainname}) {
  const std::string before = our_names().domainname;
  ASSERT_NE(before, "fleet.example");
  auto box = target().run(
      Bundle::minimal().set("/domainname", "fleet.example").probe({"hostname"}).probe({"hold"}));
  EXPECT_THAT(box.report().answer("hostname"), HasText("domainname", "fleet.example"));
  EXPECT_EQ(our_names().domainname, before);
}

namespace {

struct Parameter {
  std::string name;
  Clauses clauses;
  std::string key;
  std::string file;
  std::string value;
};

const Parameter kParameters[] = {
    {"OfSystemVIpc", {"runtime/sysctl/set"}, "kernel.msgmax", "kernel/msgmax", "4321"},
    {"OfMessageQueues", {"runtime/sysctl/set"}, "fs.mqueue.msg_max", "fs/mqueue/msg_max", "21"},
    {"OfTheNetwork",
     {"runtime/sysctl/set"},
     "net.ipv4.ip_local_port_range",
     "net/ipv4/ip_local_port_range",
     "4000\t5001"},
};

}  // namespace

TRIAL_TABLE(Sysctl, kParameters) {
  const std::string file = "/proc/sys/" + row().file;
  const std::string before = seatrial::read_file(file);
  ASSERT_NE(before, row().value + "\n");
  auto box = target().run(Bundle::minimal()
                              .with_namespace("network")
                              .sysctl(row().key, row().value)
                              .probe({"sysctl", row().key})
                              .probe({"hold"}));
  EXPECT_THAT(box.report().answer("sysctl", row().key), HasText("value", row().value));
  EXPECT_EQ(seatrial::read_file(file), before);
}
