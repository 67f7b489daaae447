// The engine's own processes inside: what they hold, what they execute, where they stand.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/lack.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

constexpr int kFirstFd = 3;
constexpr int kLastFd = 20;

struct stat facts_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    throw seatrial::sys_error(errno, "stat {}", path.native());
  }
  return status;
}

// A container that looks at every process that comes into it, until stop().
Bundle watcher(const std::filesystem::path& outside) {
  const struct stat facts = facts_of(outside);
  return Bundle::minimal()
      .with_dir("/marks", 0777)
      .with_probe_at("/other")
      .probe({"watch", "/marks", outside, std::to_string(facts.st_dev),
              std::to_string(facts.st_ino), "/other"});
}

Answer stop(Box& box) {
  seatrial::write_file_atomically(box.rootfs() / "marks/stop", "");
  return box.report().answer("watch");
}

// A copy in the place of the engine's program, in the case's own mount namespace: whatever happens
// to it, the host's stays as it is. The reference has no program but this one.
class ProgramOfTheEngine {
 public:
  ProgramOfTheEngine(const std::string& spec, const std::filesystem::path& copy) {
    const TargetSpec parsed = parse_target(spec);
    if (parsed.form == TargetSpec::Form::kReference) {
      path_ = std::filesystem::read_symlink("/proc/self/exe");
    } else {
      path_ = parsed.program;
      std::filesystem::copy_file(path_, copy);
      if (::geteuid() != 0) throw Lack("this user may mount nothing in the engine's place");
      if (::mount(copy.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        throw seatrial::sys_error(errno, "mount {} on {}", copy.native(), path_.native());
      }
      mounted_ = true;
    }
    facts_ = facts_of(path_);
    content_ = seatrial::read_file(path_, kLimit);
  }
  ProgramOfTheEngine(const ProgramOfTheEngine&) = delete;
  ProgramOfTheEngine& operator=(const ProgramOfTheEngine&) = delete;
  ~ProgramOfTheEngine() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }

  bool is(std::int64_t device, std::int64_t inode) const {
    return static_cast<std::int64_t>(facts_.st_dev) == device &&
           static_cast<std::int64_t>(facts_.st_ino) == inode;
  }
  bool is_unchanged() const {
    const struct stat now = facts_of(path_);
    return now.st_ino == facts_.st_ino && now.st_size == facts_.st_size &&
           now.st_mtim.tv_sec == facts_.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == facts_.st_mtim.tv_nsec &&
           seatrial::read_file(path_, kLimit) == content_;
  }

 private:
  static constexpr std::size_t kLimit = 512u << 20;

  std::filesystem::path path_;
  bool mounted_ = false;
  struct stat facts_{};
  std::string content_;
};

// Descriptors that the caller has open, for its children to inherit.
class CallersDescriptors {
 public:
  explicit CallersDescriptors(const seatrial::sentinel::Canary& canary) {
    keep(::open(canary.directory().c_str(), O_RDONLY | O_DIRECTORY));
    keep(::open(canary.file().c_str(), O_RDWR));
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
      throw seatrial::sys_error(errno, "make a pair of sockets");
    }
    keep(ends[0]);
    keep(ends[1]);
  }
  CallersDescriptors(const CallersDescriptors&) = delete;
  CallersDescriptors& operator=(const CallersDescriptors&) = delete;
  ~CallersDescriptors() {
    for (const int fd : fds_) ::close(fd);
  }
  const std::vector<int>& all() const { return fds_; }

 private:
  void keep(int fd) {
    if (fd < 0) throw seatrial::sys_error(errno, "open the canary");
    fds_.push_back(fd);
  }
  std::vector<int> fds_;
};

void expect_only_the_streams(const Report& report) {
  for (const auto& [fd, leads_to] : report.fds()) EXPECT_LE(fd, 2) << leads_to;
  EXPECT_THAT(report.fds(), SizeIs(3));
}

struct Capable {
  std::string name;
  Clauses clauses;
  std::vector<std::string> capabilities;
  Needs needs{Feature::kExec};
};

const Capable kCapable[] = {
    {"ByAProcessWithoutCapabilities", {"security/cve-2016-9962"}, {}},
    {"ByOneThatMayTrace", {"security/cve-2016-9962"}, {"CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"}},
};

}  // namespace

// Whoever joins the container is watched from its first moment: no descriptor, root or working
// directory of it leads to the host.
TRIAL_TABLE(JoiningProcess, kCapable) {
  constexpr int kJoins = 6;
  auto box = target().run(watcher(canary().file()).capabilities(row().capabilities));
  for (int i = 0; i < kJoins; ++i) {
    const auto executed = box.exec({"await_mark", "/marks"});
    ASSERT_THAT(executed, Succeeded());
    EXPECT_TRUE(executed.report().answer("await_mark").ok());
  }
  const Answer watched = stop(box);
  EXPECT_GE(watched.number("seen"), kJoins);  // control: it saw them, and into them
  EXPECT_GE(watched.number("opened"), kJoins);
  EXPECT_THAT(watched.texts("reached"), IsEmpty());
}

// A program that is the engine's own by way of /proc/self/exe: what it is inside cannot be opened
// for writing, unless it is a copy.
TRIAL(ProgramOfTheEngine, IsNotWrittenThroughItsProcesses, Clauses{"security/cve-2019-5736"},
      Needs{Feature::kExec}, Deadline{30s}) {
  const ProgramOfTheEngine program(target().info().spec, scratch() / "program");
  auto box = target().run(watcher(canary().file())
                              .with_file("/script", "#!/proc/self/exe\n", 0755)
                              .capabilities({"CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"}));
  EXPECT_THAT(box.exec_program({"/other", "await_mark", "/marks"}), Succeeded());
  for (int i = 0; i < 4; ++i) {
    box.exec_program({"/proc/self/exe", "--help"});
    box.exec_program({"/script"});
    box.exec_program({"/proc/self/exe", "init"});
  }
  const Answer watched = stop(box);

  bool wrote_control = false;
  const struct stat other = facts_of(box.rootfs() / "other");
  for (const Answer& each : watched.items("programs")) {
    const bool is_control = static_cast<ino_t>(each.number("inode")) == other.st_ino;
    wrote_control = wrote_control || (is_control && each.ok());
    if (program.is(each.number("device"), each.number("inode"))) {
      EXPECT_FALSE(each.ok());
    }
  }
  EXPECT_TRUE(wrote_control);
  EXPECT_TRUE(program.is_unchanged());
}

TRIAL(ProgramOfTheEngine, IsNotAnEntrypoint, Clauses{"security/cve-2019-5736"}) {
  const ProgramOfTheEngine program(target().info().spec, scratch() / "program");
  EXPECT_THAT(target().try_run(Bundle::minimal().probe({"pid"})), Succeeded());  // control
  for (const char* entrypoint : {"/proc/self/exe", "/script", "/link"}) {
    auto box = target().try_run(Bundle::minimal()
                                    .with_file("/script", "#!/proc/self/exe\n", 0755)
                                    .with_symlink("/link", "/proc/self/exe")
                                    .args({entrypoint, "init"}));
    if (box.outcome().succeeded()) {
      EXPECT_THAT(box.wait(5s), Not(StillRunning()));
    }
  }
  EXPECT_TRUE(program.is_unchanged());
}

// A working directory by the number of a descriptor that the engine might have left open.
TRIAL(WorkingDirectory, LeadsNowhereByADescriptor, Clauses{"security/cve-2024-21626"},
      Deadline{60s}) {
  const std::string out = climbing(canary().directory());
  const auto standing_in = [&](const std::string& path) {
    return Bundle::minimal().cwd(path).probe({"cwd"}).probe({"list", out});
  };
  EXPECT_EQ(target().run(standing_in("/tmp")).report().cwd(), "/tmp");  // control
  for (int fd = kFirstFd; fd <= kLastFd; ++fd) {
    auto box = target().try_run(standing_in(fmt::format("/proc/self/fd/{}", fd)));
    if (!box.outcome().succeeded()) {
      EXPECT_THAT(box, Refused());
      continue;
    }
    EXPECT_THAT(box.report().answer("cwd"), HasText("path", StartsWith("/")));
    EXPECT_THAT(box.report(), Failed("list", out, "ENOENT"));
  }
}

TRIAL(WorkingDirectory, LeadsNowhereByADescriptorInExec, Clauses{"security/cve-2024-21626"},
      Needs{Feature::kExec}, Deadline{60s}) {
  const std::string out = climbing(canary().directory());
  auto box = target().run(Bundle::minimal().probe({"hold"}));
  const auto standing_in = [&](const std::string& path) {
    return box.exec_all({{"cwd"}, {"list", out}}, {.cwd = path});
  };
  EXPECT_EQ(standing_in("/tmp").report().cwd(), "/tmp");  // control
  for (int fd = kFirstFd; fd <= kLastFd; ++fd) {
    const auto executed = standing_in(fmt::format("/proc/self/fd/{}", fd));
    if (!executed.outcome().succeeded()) {
      EXPECT_THAT(executed, Refused());
      continue;
    }
    EXPECT_THAT(executed.report().answer("cwd"), HasText("path", StartsWith("/")));
    EXPECT_THAT(executed.report(), Failed("list", out, "ENOENT"));
  }
}

// Whatever the caller has open stays with it.
TRIAL(CallersDescriptors, DoNotReachTheContainer, Clauses{"security/descriptor-inheritance"},
      Needs{Feature::kExec}) {
  const CallersDescriptors open(canary());
  auto box = target().try_create_with(Bundle::minimal().probe({"fds"}).probe({"hold"}),
                                      {.inherited_fds = open.all()});
  ASSERT_THAT(box, Succeeded());
  ASSERT_THAT(box.start(), Succeeded());
  expect_only_the_streams(box.report());
  const auto executed = box.exec_all({{"fds"}}, {.inherited_fds = open.all()});
  ASSERT_THAT(executed, Succeeded());
  expect_only_the_streams(executed.report());
}

// The control of the case above: the same descriptors arrive where the caller asks for it.
TRIAL(CallersDescriptors, ReachTheContainerOnRequest, Clauses{"security/descriptor-inheritance"},
      Needs{Feature::kCommandLine}) {
  const CallersDescriptors open(canary());
  auto box = target().try_create_with(Bundle::minimal().probe({"fds"}).probe({"hold"}),
                                      {.preserve_fds = open.all()});
  ASSERT_THAT(box, Succeeded());
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_THAT(box.report().fds(), SizeIs(7));
}

}  // namespace regressions
