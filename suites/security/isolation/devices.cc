// The devices that are there.
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

const std::map<std::string, std::pair<int, int>> kDefault{{"null", {1, 3}},   {"zero", {1, 5}},
                                                          {"full", {1, 7}},   {"tty", {5, 0}},
                                                          {"random", {1, 8}}, {"urandom", {1, 9}}};
// crun and older Docker link core to the masked /proc/kcore.
const std::set<std::string> kBeside{"console", "core", "fd",     "mqueue", "ptmx",
                                    "pts",     "shm",  "stderr", "stdin",  "stdout"};

}  // namespace

TRIAL(Devices, AreTheDefaultOnesAndNoOther, Clauses{"security/devices/nodes"}) {
  Command stats{"stat"};
  for (const auto& [name, numbers] : kDefault) stats.push_back("/dev/" + name);
  const Report seen = report(probe({{"list", "/dev"}, stats}));
  for (const std::string& name : seen.list("/dev")) {
    EXPECT_TRUE(kDefault.contains(name) || kBeside.contains(name)) << "/dev/" << name;
  }
  for (const auto& [name, numbers] : kDefault) {
    const Answer node = seen.stat("/dev/" + name);
    EXPECT_THAT(node, HasText("type", "char")) << name;
    EXPECT_THAT(node, HasField("major", numbers.first)) << name;
    EXPECT_THAT(node, HasField("minor", numbers.second)) << name;
  }
}

TRIAL(Devices, HaveTheirLinks, Clauses{"security/devices/links"}) {
  const Report seen = report(
      probe({{"readlink", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/ptmx"}}));
  const auto target = [&](const char* link) {
    return seen.answer("readlink", link).text("target");
  };
  EXPECT_EQ(target("/dev/fd"), "/proc/self/fd");
  EXPECT_EQ(target("/dev/stdin"), "/proc/self/fd/0");
  EXPECT_EQ(target("/dev/stdout"), "/proc/self/fd/1");
  EXPECT_EQ(target("/dev/stderr"), "/proc/self/fd/2");
  EXPECT_THAT(target("/dev/ptmx"), AnyOf("pts/ptmx", "/dev/pts/ptmx"));
}

}  // namespace isolation
