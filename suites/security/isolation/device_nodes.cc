// Devices that a container makes for itself, and terminals of others.
#include <fcntl.h>
#include <fmt/format.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/sys/deadline.h"
#include "harness/core/deadline_scale.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation::device_nodes {
namespace {

namespace fs = std::filesystem;

struct Node {
  std::string name = {};
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;
  std::string host = {};  // where the host has it

  std::string path() const { return "/data/" + name; }
  Command made() const {
    return {"mknod", path(), std::string(1, type), std::to_string(major), std::to_string(minor)};
  }
};

// Whether the host's kernel has somebody behind the number: opening is all that is done.
bool host_has(const Node& node) {
  const seatrial::UniqueFd fd(
      ::open(node.host.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  return static_cast<bool>(fd);
}

std::vector<Node> disks() {
  std::vector<Node> found;
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/block")) {
    const std::string name = entry.path().filename();
    Node node{.name = name, .type = 'b', .host = "/dev/" + name};
    const std::string numbers = seatrial::read_file(entry.path() / "dev");
    if (std::sscanf(numbers.c_str(), "%u:%u", &node.major, &node.minor) == 2) found.push_back(node);
  }
  return found;
}

}  // namespace

class Trial : public isolation::Trial {
 protected:
  // Makes each node inside and opens it: what opening gives, by name. A container that may not make
  // nodes at all is asked with the capability: the devices are what this is about.
  std::map<std::string, std::string> openings(const std::vector<Node>& nodes,
                                              ContainerDraft draft = {}) {
    // Where a driver asks for more, it is given: only the rules for devices stand between.
    for (const char* name : {"MKNOD", "SYSLOG", "SYS_RAWIO"}) draft.cap_add.emplace_back(name);
    std::vector<Command> commands;
    for (const Node& node : nodes) commands.push_back(node.made());
    Command opened{"open_read"};
    for (const Node& node : nodes) opened.push_back(node.path());
    commands.push_back(opened);
    const Report seen = report(probe(std::move(draft), commands));
    std::map<std::string, std::string> outcomes;
    for (const Node& node : nodes) {
      const Answer made = seen.answer("mknod", node.path());
      outcomes[node.name] =
          made.ok() ? seen.answer("open_read", node.path()).error() : "mknod: " + made.error();
    }
    return outcomes;
  }

  // Those nodes that the host itself can open are refused, and opened where they are asked for.
  void expect_refused(std::vector<Node> nodes, const std::string& what) {
    std::erase_if(nodes, [](const Node& node) { return !host_has(node); });
    if (nodes.empty()) throw Lack(fmt::format("this kernel has no {} to open", what));
    std::vector<std::string> asked_for;
    for (const Node& node : nodes) asked_for.push_back(node.host);
    const auto asked = openings(nodes, {.devices = asked_for});
    const auto seen = openings(nodes);
    for (const Node& node : nodes) {
      EXPECT_EQ(asked.at(node.name), "") << node.name << " where it is asked for: the control";
      EXPECT_THAT(seen.at(node.name), AnyOf("EPERM", "mknod: EPERM")) << node.name;
    }
  }
};

// The ones that are allowed show that a node can be made and opened at all.
TRIAL(MadeNodes, OfWhatIsNotAllowedCannotBeOpened, Clauses{"security/devices/mknod-open"}) {
  const std::vector<Node> nodes{
      {"null", 'c', 1, 3},    {"zero", 'c', 1, 5},    {"misc", 'c', 10, 1},
      {"input", 'c', 13, 63}, {"loop", 'b', 7, 0},    {"ram", 'b', 1, 0},
      {"disk", 'b', 8, 0},    {"serial", 'c', 4, 64}, {"hwrng", 'c', 10, 183}};
  const auto seen = openings(nodes);
  EXPECT_EQ(seen.at("null"), "");  // control
  EXPECT_EQ(seen.at("zero"), "");
  for (const Node& node : nodes) {
    if (node.name == "null" || node.name == "zero") continue;
    // The device rules are asked before the driver is looked for.
    EXPECT_THAT(seen.at(node.name), AnyOf("EPERM", "mknod: EPERM")) << node.name;
  }
}

TRIAL(KernelMemory, CannotBeOpened, Clauses{"security/devices/kernel-memory"}) {
  expect_refused({{"mem", 'c', 1, 1, "/dev/mem"},
                  {"port", 'c', 1, 4, "/dev/port"},
                  {"kmsg", 'c', 1, 11, "/dev/kmsg"}},
                 "/dev/mem, /dev/port or /dev/kmsg");
}

TRIAL(Disks, OfTheHostCannotBeOpened, Clauses{"security/devices/disks"}) {
  expect_refused(disks(), "disk");
}

TRIAL(Doors, ToTunAndFuseAndKvmAreClosed, Clauses{"security/devices/tun-fuse-kvm"}) {
  expect_refused({{"fuse", 'c', 10, 229, "/dev/fuse"}, {"kvm", 'c', 10, 232, "/dev/kvm"}},
                 "fuse or kvm");
}

TRIAL(Doors, ToTunAreClosed, Clauses{"security/devices/tun-fuse-kvm"}) {
  expect_refused({{"tun", 'c', 10, 200, "/dev/net/tun"}}, "tun");
}

// Its number made inside is no way to it, and a container's own terminals are another's numbers.
TRIAL(HostsTerminals, TakeNoInputFromInside,
      Clauses{"security/descriptors/tiocsti", "security/tiocsti"}) {
  int ends[2];
  ASSERT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
  const seatrial::UniqueFd master(ends[0]), slave(ends[1]);
  termios raw{};  // what waits for the end of a line is not counted
  ASSERT_EQ(::tcgetattr(slave.get(), &raw), 0);
  ::cfmakeraw(&raw);
  ASSERT_EQ(::tcsetattr(slave.get(), TCSANOW, &raw), 0);
  struct stat status{};
  ASSERT_EQ(::fstat(slave.get(), &status), 0);
  const std::string number = std::to_string(minor(status.st_rdev));
  const std::string own = "/dev/pts/" + number;
  const Report seen =
      report(probe({.cap_add = {"MKNOD"}}, {{"mknod", "/data/tty", "c", "136", number},
                                            {"tiocsti", "/data/tty", "whoami"},
                                            {"tiocsti", own, "whoami"}}));
  EXPECT_FALSE(seen.answer("tiocsti", "/data/tty").ok());
  EXPECT_FALSE(seen.answer("tiocsti", own).ok());
  int waiting = -1;
  EXPECT_EQ(::ioctl(slave.get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 0);
  ASSERT_EQ(::write(master.get(), "x", 1), 1);
  seatrial::sys::wait_readable(slave.get(), seatrial::sys::after(scaled(5s)));
  EXPECT_EQ(::ioctl(slave.get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 1);  // control: input is seen
  // Control: the same push into a terminal of the container's own is taken.
  ContainerDraft with_terminal = probe({{"tiocsti", "-", "x"}});
  with_terminal.tty = true;
  const std::string pushed = run_to_end(with_terminal).out;  // with what the terminal echoes
  if (pushed.find("EIO") != std::string::npos) {
    throw Lack("this kernel lets nobody push input into a terminal (dev.tty.legacy_tiocsti)");
  }
  EXPECT_THAT(pushed, AllOf(HasSubstr("\"tiocsti\""), Not(HasSubstr("\"error\""))));
}

}  // namespace isolation::device_nodes
