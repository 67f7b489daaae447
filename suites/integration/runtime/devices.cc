// Device nodes and links that every container has, and those that the configuration adds.
#include <sys/stat.h>

#include <functional>

#include "harness/fixtures/case.h"

namespace {

struct DefaultDevice {
  std::string name;
  Clauses clauses;
  std::string path;
  int major;
  int minor;
};

const DefaultDevice kDefaultDevices[] = {
    {"Null", {"runtime/devices/default-null"}, "/dev/null", 1, 3},
    {"Zero", {"runtime/devices/default-zero"}, "/dev/zero", 1, 5},
    {"Full", {"runtime/devices/default-full"}, "/dev/full", 1, 7},
    {"Random", {"runtime/devices/default-random"}, "/dev/random", 1, 8},
    {"Urandom", {"runtime/devices/default-urandom"}, "/dev/urandom", 1, 9},
    {"Tty", {"runtime/devices/default-tty"}, "/dev/tty", 5, 0},
};

}  // namespace

// There without being asked for, of the right kind, and open to whoever runs in the container.
TRIAL_TABLE(DefaultDevices, kDefaultDevices) {
  Bundle bundle = Bundle::minimal();
  // A plain user has no second id: root of its namespace is not who owns the devices.
  if (target().mode() != Mode::kRootless) bundle.user(12, 34);
  auto box = target().run(bundle.probe({"stat_follow", row().path})
                              .probe({"open_read", row().path})
                              .probe({"open_write", row().path}));
  const Answer device = box.report().answer("stat_follow", row().path);

  EXPECT_THAT(device, HasText("type", "char"));
  EXPECT_THAT(device, HasField("major", row().major));
  EXPECT_THAT(device, HasField("minor", row().minor));
  EXPECT_EQ(device.number("mode") & 0666, 0666);
  // Without a controlling terminal, /dev/tty says so: the device itself answered.
  const char* expected = row().path == "/dev/tty" ? "ENXIO" : "";
  EXPECT_EQ(box.report().answer("open_read", row().path).error(), expected);
  EXPECT_EQ(box.report().answer("open_write", row().path).error(), expected);
}

// The nodes are those devices, not files of the same name.
TRIAL(DefaultDevices, BehaveAsTheDevicesThatTheyAre,
      Clauses{"runtime/devices/default-null", "runtime/devices/default-full"}) {
  auto box = target().run(
      Bundle::minimal().probe({"write", "/dev/null", "/dev/full"}).probe({"read", "/dev/null"}));

  EXPECT_THAT(box.report(), Did("write", "/dev/null"));
  EXPECT_THAT(box.report(), Read("/dev/null", ""));
  EXPECT_THAT(box.report(), Failed("write", "/dev/full", "ENOSPC"));
}

// /dev/ptmx leads to the container's own devpts: a bind mount of its ptmx, or a link to it.
TRIAL(DefaultDevices, PtmxIsTheContainersOwn, Clauses{"runtime/devices/default-ptmx"}) {
  auto box = target().run(Bundle::minimal()
                              .probe({"stat_follow", "/dev/ptmx", "/dev/pts/ptmx"})
                              .probe({"open_read", "/dev/ptmx"}));
  const Answer ptmx = box.report().answer("stat_follow", "/dev/ptmx");
  const Answer own = box.report().answer("stat_follow", "/dev/pts/ptmx");

  EXPECT_THAT(ptmx, HasText("type", "char"));
  EXPECT_THAT(ptmx, HasField("inode", own.number("inode")));
  EXPECT_THAT(ptmx, HasField("device", own.number("device")));
  EXPECT_THAT(box.report(), Did("open_read", "/dev/ptmx"));
}

// dockerd and podman list it with the host's other devices for a privileged container.
TRIAL(DefaultDevices, PtmxIsTheContainersOwnWhereItIsListed,
      Clauses{"runtime/devices/default-ptmx"}, Needs{Feature::kMakeDevices}) {
  auto box = target().run(Bundle::minimal()
                              .device("/dev/ptmx", 'c', 5, 2, 0666)
                              .probe({"stat_follow", "/dev/ptmx", "/dev/pts/ptmx"}));
  const Answer ptmx = box.report().answer("stat_follow", "/dev/ptmx");
  const Answer own = box.report().answer("stat_follow", "/dev/pts/ptmx");
  EXPECT_THAT(ptmx, HasField("inode", own.number("inode")));
  EXPECT_THAT(ptmx, HasField("device", own.number("device")));
}

// With a terminal, /dev/console is that terminal, bind mounted.
TRIAL(DefaultDevices, ConsoleIsTheTerminal, Clauses{"runtime/devices/default-console"},
      Needs{Feature::kTerminal}) {
  auto box = target().run(Bundle::minimal()
                              .terminal()
                              .probe({"stat_follow", "/dev/console", "/proc/self/fd/0"})
                              .probe({"mountinfo"}));
  const Answer console = box.report().answer("stat_follow", "/dev/console");
  const Answer terminal = box.report().answer("stat_follow", "/proc/self/fd/0");

  EXPECT_THAT(console, HasText("type", "char"));
  EXPECT_THAT(console, HasField("major", terminal.number("major")));
  EXPECT_THAT(console, HasField("minor", terminal.number("minor")));
  EXPECT_EQ(box.report().mount("/dev/console").type, "devpts");
}

namespace {

struct Link {
  std::string name;
  Clauses clauses;
  std::string path;
  std::string target;
};

const Link kLinks[] = {
    {"Fd", {"runtime/devices/link-fd"}, "/dev/fd", "/proc/self/fd"},
    {"Stdin", {"runtime/devices/link-stdin"}, "/dev/stdin", "/proc/self/fd/0"},
    {"Stdout", {"runtime/devices/link-stdout"}, "/dev/stdout", "/proc/self/fd/1"},
    {"Stderr", {"runtime/devices/link-stderr"}, "/dev/stderr", "/proc/self/fd/2"},
};

}  // namespace

// create makes them, once /proc is mounted.
TRIAL_TABLE(DeviceLinks, kLinks) {
  auto box = target().run(
      Bundle::minimal().probe({"readlink", row().path}).probe({"stat_follow", row().path}));

  EXPECT_THAT(box.report().answer("readlink", row().path), HasText("target", row().target));
  EXPECT_THAT(box.report(), Did("stat_follow", row().path));
}

namespace {

struct Device {
  std::string name;
  Clauses clauses;
  std::string path;
  char type;
  int major;
  int minor;
  std::string shown;
  Needs needs = {Feature::kMakeDevices};
};

const Device kDevices[] = {
    {"Character", {"runtime/devices/available"}, "/dev/extra", 'c', 1, 5, "char"},
    {"Unbuffered", {"runtime/devices/available"}, "/dev/extra", 'u', 1, 5, "char"},
    {"Block", {"runtime/devices/available"}, "/dev/extra", 'b', 7, 250, "block"},
    {"Fifo", {"runtime/devices/available"}, "/dev/extra", 'p', 0, 0, "fifo"},
    {"InADirectoryToBeMade",
     {"runtime/devices/available"},
     "/dev/deep/down/extra",
     'c',
     1,
     5,
     "char"},
    {"OutsideOfDev",
     {"runtime/devices/available", "runtime/devices/path-anywhere"},
     "/data/deep/extra",
     'c',
     1,
     5,
     "char",
     {Feature::kMakeDevices, Feature::kSpec11}},
};

// Sets the umask for as long as it lives: runtimes inherit ours.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

}  // namespace

// A node of the kind, numbers, mode and owner that the entry gives, whatever the runtime's umask.
TRIAL_TABLE(Devices, kDevices) {
  Bundle bundle = Bundle::minimal();
  bundle.device(row().path, row().type, row().major, row().minor, 0662)
      .set("/linux/devices/0/uid", 12)
      .set("/linux/devices/0/gid", 34)
      .probe({"stat", row().path});
  const Umask strict(0077);
  auto box = target().run(bundle);
  const Answer device = box.report().stat(row().path);

  EXPECT_THAT(device, HasText("type", row().shown));
  EXPECT_THAT(device, HasField("major", row().major));
  EXPECT_THAT(device, HasField("minor", row().minor));
  EXPECT_THAT(device, HasField("mode", 0662));
  EXPECT_THAT(device, HasField("uid", 12));
  EXPECT_THAT(device, HasField("gid", 34));
}

// Each of the three settings by itself; the node is the device and not only looks like it.
TRIAL(Devices, HaveModeAndOwnerAndWork,
      Clauses{"runtime/devices/file-mode", "runtime/devices/uid", "runtime/devices/gid",
              "runtime/devices/available"},
      Needs{Feature::kMakeDevices}) {
  auto box = target().run(Bundle::minimal()
                              .device("/dev/full2", 'c', 1, 7, 0604)
                              .device("/dev/owned", 'c', 1, 3, 0600)
                              .set("/linux/devices/1/uid", 12)
                              .device("/dev/grouped", 'c', 1, 3, 0060)
                              .set("/linux/devices/2/gid", 34)
                              .user(12, 34)
                              .probe({"stat", "/dev/full2", "/dev/owned", "/dev/grouped"})
                              .probe({"open_read", "/dev/full2"})
                              .probe({"open_write", "/dev/full2", "/dev/owned", "/dev/grouped"}));
  const Report& report = box.report();

  EXPECT_THAT(report.stat("/dev/full2"), HasField("mode", 0604));
  EXPECT_THAT(report.stat("/dev/owned"), HasField("uid", 12));
  EXPECT_THAT(report.stat("/dev/grouped"), HasField("gid", 34));
  EXPECT_THAT(report, Did("open_read", "/dev/full2"));
  EXPECT_THAT(report, Failed("open_write", "/dev/full2", "EACCES"));
  EXPECT_THAT(report, Did("open_write", "/dev/owned"));
  EXPECT_THAT(report, Did("open_write", "/dev/grouped"));
}

namespace {

struct Obstacle {
  std::string name;
  Clauses clauses;
  std::function<void(Bundle&)> put;
  Needs needs = {Feature::kMakeDevices};
};

const Obstacle kObstacles[] = {
    {"AFileInTheWayIsRefused",
     {"runtime/devices/path-mismatch"},
     [](Bundle& bundle) { bundle.with_file("/etc/device", "not a device"); }},
    {"ADirectoryInTheWayIsRefused",
     {"runtime/devices/path-mismatch"},
     [](Bundle& bundle) { bundle.with_dir("/etc/device"); }},
};

}  // namespace

// What is there and is not the device is neither replaced nor taken for it.
TRIAL_TABLE(Devices, kObstacles) {
  Bundle bundle = Bundle::minimal();
  bundle.device("/etc/device", 'c', 1, 3);
  EXPECT_THAT(target().try_create(bundle), Succeeded());  // control

  row().put(bundle);
  EXPECT_THAT(target().try_create(bundle), Refused());
}
