// What the kernel does in the tree of v2, on hosts with v2 alone and on hybrid ones, where the tree
// is taken for the only hierarchy there is. Needs root.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <atomic>

#include "engine/cgroup/cgroup_fixture.h"
#include "engine/cgroup/device_rule_fixture.h"
#include "engine/cgroup/shared_counter.h"
#include "engine/spec/parse_config.h"
#include "engine/sys/bpf.h"

namespace seatrial::cgroup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class UnifiedTree : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes cgroups";
    host_ = Layout::detect();
    for (const Hierarchy& each : host_->hierarchies()) {
      if (each.v2) mountpoint_ = each.mountpoint;
    }
    if (mountpoint_.empty()) GTEST_SKIP() << "no cgroup v2 is mounted on this host";
    if (::access(mountpoint_.c_str(), W_OK) != 0) GTEST_SKIP() << mountpoint_ << " is read-only";
    layout_ = Layout::parse("30 1 0:26 / " + mountpoint_ + " rw - cgroup2 cgroup2 rw\n", "0::/\n");
    name_ = "/seatrial-test-" + std::to_string(::getpid());
    before_ = control("", "cgroup.subtree_control");
  }

  void TearDown() override {
    if (!layout_) return;
    for (const Cgroup& each : made_) {
      each.kill_all(in(5s));
      each.remove(in(5s));
    }
    EXPECT_FALSE(fs::exists(mountpoint_ + name_));
    if (!host_->is_hybrid()) return;
    // The tests have the top hand down more than it did.
    for (const std::string& each : words(control("", "cgroup.subtree_control"))) {
      if (before_.find(each) != before_.npos) continue;
      std::ofstream(mountpoint_ + "/cgroup.subtree_control") << "-" << each;
    }
  }

  static std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
  }

  const Cgroup& make(const std::string& name = "box") {
    made_.reserve(8);
    return made_.emplace_back(Cgroup::create(*layout_, name_ + "/" + name, "unused"));
  }
  std::string path(const std::string& name = "box") const {
    return mountpoint_ + name_ + "/" + name;
  }
  std::string control(const std::string& directory, const std::string& file) const {
    std::string text = read_file((directory.empty() ? mountpoint_ : directory) + "/" + file);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  static void write(const std::string& file, const std::string& value) {
    write_all(open_file(file, O_WRONLY).get(), value, file);
  }

  std::optional<Layout> host_;
  std::optional<Layout> layout_;
  std::string mountpoint_;
  std::string name_;
  std::string before_;
  std::vector<Cgroup> made_;
};

TEST_F(UnifiedTree, HasTheControllersThatTheTopHas) {
  make("deep/er/box");
  EXPECT_EQ(control(path("deep/er/box"), "cgroup.controllers"), control("", "cgroup.controllers"));
  EXPECT_EQ(control(path("deep/er/box"), "cgroup.subtree_control"), "");
}

TEST_F(UnifiedTree, ProcessesJoinAreListedAndKilled) {
  const Cgroup& cgroup = make();
  EXPECT_THAT(cgroup.join_files(), ElementsAre(path() + "/cgroup.procs"));
  TestChild child([] {
    ::signal(SIGTERM, SIG_IGN);
    for (;;) ::pause();
  });
  cgroup.add(child.pid());
  EXPECT_THAT(cgroup.processes(), ElementsAre(child.pid()));
  cgroup.kill_all(in(5s));
  EXPECT_THAT(cgroup.processes(), IsEmpty());
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
}

TEST_F(UnifiedTree, AProcessOfAThreadedCgroupIsListedOnce) {
  const Cgroup& cgroup = make();
  const TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  fs::create_directory(path() + "/threads");
  write(path() + "/threads/cgroup.type", "threaded");
  EXPECT_THAT(cgroup.processes(), ElementsAre(child.pid()));
}

TEST_F(UnifiedTree, FreezesAndThaws) {
  const Cgroup& cgroup = make();
  SharedCounter counter;
  const TestChild child([&] {
    for (;;) counter.count();
  });
  cgroup.add(child.pid());
  ASSERT_TRUE(counter.moves(2s));  // control: it runs
  EXPECT_FALSE(cgroup.frozen());
  cgroup.freeze(in(5s));
  EXPECT_TRUE(cgroup.frozen());
  EXPECT_FALSE(counter.moves(50ms));
  cgroup.thaw();
  EXPECT_FALSE(cgroup.frozen());
  EXPECT_TRUE(counter.moves(2s));
}

TEST_F(UnifiedTree, KillsWhatIsFrozen) {
  const Cgroup& cgroup = make();
  TestChild child([] { ::pause(); });
  cgroup.add(child.pid());
  cgroup.freeze(in(5s));
  cgroup.kill_all(in(5s));
  EXPECT_EQ(WTERMSIG(child.wait()), SIGKILL);
}

TEST_F(UnifiedTree, KillsWhatForksMeanwhile) {
  const Cgroup& cgroup = make();
  TestChild bomb([&] {
    cgroup.add(::getpid());
    ::signal(SIGCHLD, SIG_IGN);
    // Each generation lives long enough to be seen, and makes the next before it ends; the last one
    // ends by itself, should nobody kill it.
    for (int generation = 0; generation < 10000; ++generation) {
      if (::fork() != 0) ::_exit(0);
      ::usleep(200);
    }
  });
  bomb.wait();
  ASSERT_FALSE(cgroup.processes().empty());  // control: it goes on
  cgroup.kill_all(in(2s));
  ::usleep(5000);
  EXPECT_THAT(cgroup.processes(), IsEmpty());
}

TEST_F(UnifiedTree, RemoveTakesWhatTheContainerMadeBelow) {
  const Cgroup& cgroup = make("pod/box");
  fs::create_directories(path("pod/box") + "/inner/most");
  cgroup.remove(in(2s));
  EXPECT_FALSE(fs::exists(mountpoint_ + name_));
}

TEST_F(UnifiedTree, TheOwnerGetsWhatIsSafeInOtherHands) {
  const Cgroup& cgroup = make();
  cgroup.give_to(4321);
  const auto owner = [&](const std::string& file) {
    struct stat status{};
    return ::stat((path() + file).c_str(), &status) == 0 ? status.st_uid : 0;
  };
  EXPECT_EQ(owner(""), 4321U);
  EXPECT_EQ(owner("/cgroup.procs"), 4321U);
  EXPECT_EQ(owner("/cgroup.subtree_control"), 4321U);
  EXPECT_EQ(owner("/cgroup.freeze"), 0U);
  EXPECT_EQ(owner("/cgroup.max.depth"), 0U);
}

TEST_F(UnifiedTree, OneMoreProcessJoinsWhereInitIsOnceControllersAreHandedDown) {
  const Cgroup& cgroup = make();
  const TestChild init([] { ::pause(); });
  fs::create_directory(path() + "/inner");
  write(path() + "/inner/cgroup.procs", std::to_string(init.pid()));
  EXPECT_EQ(cgroup.place_beside(init.pid()).members.front().directory, path());
  const std::vector<std::string> all = words(control(path(), "cgroup.controllers"));
  if (all.empty()) GTEST_SKIP() << "no controller to hand down";
  write(path() + "/cgroup.subtree_control", "+" + all.front());
  EXPECT_EQ(cgroup.place_beside(init.pid()).members.front().directory, path() + "/inner");
  write(path() + "/cgroup.subtree_control", "-" + all.front());
}

TEST_F(UnifiedTree, OneMoreProcessMayBeSentFurtherDown) {
  const Cgroup& cgroup = make();
  fs::create_directories(path() + "/inner/most");
  const auto directory = [&](const SubCgroup& place) {
    return cgroup.place_below({place}).members.front().directory;
  };
  EXPECT_EQ(directory({.path = "inner"}), path() + "/inner");
  EXPECT_EQ(directory({.path = "/inner//./most/"}), path() + "/inner/most");
  EXPECT_EQ(directory({.path = "inner/.."}), path());
  EXPECT_EQ(directory({.path = "/"}), path());
  EXPECT_EQ(mountpoint_of(cgroup.place_below({{.path = "inner"}}).members.front()), mountpoint_);
  const auto refusal = [&](const SubCgroup& place) {
    return error_of([&] { cgroup.place_below({place}); });
  };
  EXPECT_THAT(refusal({.path = "none"}), HasSubstr("cgroup none: there is no " + path() + "/none"));
  EXPECT_THAT(refusal({.path = "../box2"}), HasSubstr("cgroup ../box2: leads out"));
  EXPECT_THAT(refusal({.path = "/inner/../../box"}), HasSubstr("leads out"));
  EXPECT_THAT(refusal({.controllers = {"cpu"}, .path = "inner"}), HasSubstr("cgroup cpu:inner"));
}

TEST_F(UnifiedTree, AControllerBelowADirectoryWithProcessesIsRefusedByName) {
  const std::vector<std::string> all = words(control("", "cgroup.controllers"));
  if (std::ranges::find(all, "hugetlb") == all.end()) GTEST_SKIP() << "no controller hugetlb";
  if (!fs::exists("/sys/kernel/mm/hugepages/hugepages-2048kB")) GTEST_SKIP() << "no 2 MB pages";
  const Cgroup& pod = make("pod");
  TestChild inside([] { ::pause(); });
  pod.add(inside.pid());
  const Cgroup& box = make("pod/box");  // a container without limits works there
  TestChild contained([] { ::pause(); });
  box.add(contained.pid());
  EXPECT_THAT(box.processes(), ElementsAre(contained.pid()));
  const spec::Resources pages =
      spec::parse_resources(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})");
  EXPECT_THAT(error_of([&] { box.apply_limits(pages); }),
              AllOf(HasSubstr("linux.resources.hugepageLimits[0].limit"), HasSubstr("hugetlb"),
                    HasSubstr("below " + path("pod") + ": it holds processes")));
  pod.apply_limits(pages);  // control: where it is handed down it is limited
  EXPECT_EQ(control(path("pod"), "hugetlb.2MB.max"), "4194304");
  box.kill_all(in(2s));
  box.remove(in(2s));
}

// On a hybrid host the limit goes to the tree that has the controller, and no further one is there.
TEST_F(UnifiedTree, HybridHostsHaveInItWhatIsNotMountedAsV1) {
  if (!host_->is_hybrid()) GTEST_SKIP() << "this host has v2 alone";
  const std::vector<std::string> all = words(control("", "cgroup.controllers"));
  if (std::ranges::find(all, "hugetlb") == all.end()) GTEST_SKIP() << "no controller hugetlb";
  const Cgroup& cgroup = made_.emplace_back(Cgroup::create(*host_, name_ + "/box", "unused"));
  cgroup.apply_limits(
      spec::parse_resources(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 6291456}],
                                "unified": {"hugetlb.2MB.rsvd.max": "8388608"}})"));
  EXPECT_EQ(control(path(), "hugetlb.2MB.max"), "6291456");
  EXPECT_EQ(control(path(), "hugetlb.2MB.rsvd.max"), "8388608");
  EXPECT_THAT(error_of([&] {
                cgroup.apply_limits(spec::parse_resources(R"({"unified": {"memory.high": "1"}})"));
              }),
              HasSubstr("memory.high: the cgroup controller memory is not in the tree of cgroup "
                        "v2"));
  cgroup.remove(in(2s));
  made_.clear();
}

class UnifiedDevices : public UnifiedTree {
 protected:
  void SetUp() override {
    UnifiedTree::SetUp();
    if (IsSkipped()) return;
    try {
      const Cgroup probe = Cgroup::create(*layout_, name_ + "/probe", "unused");
      made_.reserve(8);
      made_.push_back(Cgroup::open(probe.identity()));
      probe.apply_devices({rule(false)});
    } catch (const Error& failure) {
      GTEST_SKIP() << failure.what();
    }
  }

  // "r", "w" and "m" as a process in the cgroup may do it.
  static std::string access_inside(const Cgroup& cgroup, unsigned major, unsigned minor) {
    const TempDir dir("/dev");  // where nodes are devices on any host
    const std::string node = dir.path() / "node";
    const std::string made = dir.path() / "made";
    if (::mknod(node.c_str(), S_IFCHR | 0666, ::makedev(major, minor)) != 0) return "no node";
    TestChild child([&] {
      cgroup.add(::getpid());
      const auto may = [](long result) { return result >= 0 || errno != EPERM; };
      const int r = may(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
      const int w = may(::open(node.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY));
      const int m = may(::mknod(made.c_str(), S_IFCHR | 0600, ::makedev(major, minor)));
      ::_exit(r * 1 + w * 2 + m * 4);
    });
    const int code = WEXITSTATUS(child.wait());
    return std::string(code & 1 ? "r" : "-") + (code & 2 ? "w" : "-") + (code & 4 ? "m" : "-");
  }

  std::vector<std::string> programs(const std::string& name = "box") const {
    const UniqueFd directory = open_file(path(name), O_RDONLY | O_DIRECTORY);
    std::vector<std::string> names;
    for (const auto& each : sys::attached_bpf(directory.get(), BPF_CGROUP_DEVICE)) {
      names.push_back(each.name);
    }
    return names;
  }
};

TEST_F(UnifiedDevices, OnlyTheDefaultsWithoutRules) {
  const Cgroup& open = make("open");
  EXPECT_EQ(access_inside(open, 1, 11), "rwm");  // control: no program yet
  const Cgroup& cgroup = make();
  cgroup.apply_devices({}, Nodes::kDefaults);
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rwm");
  EXPECT_EQ(access_inside(cgroup, 1, 11), "---");
  EXPECT_EQ(access_inside(cgroup, 5, 1), "---");
}

TEST_F(UnifiedDevices, TheOrderDecidesWhereV1CannotHoldIt) {
  const Cgroup& cgroup = make();
  cgroup.apply_devices({rule(true, 'c', 1), rule(false, 'c', 1, 11, "w")}, Nodes::kDefaults);
  EXPECT_EQ(access_inside(cgroup, 1, 11), "r-m");
  EXPECT_EQ(access_inside(cgroup, 1, 1), "rwm");
  EXPECT_EQ(access_inside(cgroup, 10, 229), "---");
}

TEST_F(UnifiedDevices, CompletingEndsTheMakingOfAnyNode) {
  const Cgroup& cgroup = make();
  cgroup.apply_devices({rule(false)});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "--m");
  cgroup.complete_devices({rule(false)});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "---");
  EXPECT_THAT(programs(), ElementsAre("seatrial_device"));  // one took the other's place
}

TEST_F(UnifiedDevices, AnUpdateTakesThePlaceOfTheOldRules) {
  const Cgroup& cgroup = make();
  cgroup.apply_devices({rule(true, 'c', 1, 11)}, Nodes::kDefaults);
  cgroup.update_devices({rule(true, 'c', 1, 1, "r")});
  EXPECT_EQ(access_inside(cgroup, 1, 11), "---");
  EXPECT_EQ(access_inside(cgroup, 1, 1), "r--");
  EXPECT_EQ(access_inside(cgroup, 1, 3), "rwm");
  EXPECT_THAT(programs(), ElementsAre("seatrial_device"));
}

TEST_F(UnifiedDevices, EverythingNeedsNoProgramButTakesAPreviousOnesPlace) {
  const Cgroup& cgroup = make();
  cgroup.apply_devices({rule(true)});
  EXPECT_THAT(programs(), IsEmpty());
  cgroup.apply_devices({rule(false)}, Nodes::kDefaults);
  EXPECT_EQ(access_inside(cgroup, 1, 11), "---");
  cgroup.apply_devices({rule(true)}, Nodes::kDefaults);
  EXPECT_EQ(access_inside(cgroup, 1, 11), "rwm");
}

TEST_F(UnifiedDevices, ProgramsOfOthersStay) {
  const Cgroup& cgroup = make();
  const bpf_insn always[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const UniqueFd theirs = sys::load_bpf(BPF_PROG_TYPE_CGROUP_DEVICE, always, "theirs");
  const UniqueFd directory = open_file(path(), O_RDONLY | O_DIRECTORY);
  sys::attach_bpf(directory.get(), BPF_CGROUP_DEVICE, theirs.get());
  cgroup.apply_devices({rule(false)});
  cgroup.complete_devices({rule(false)});
  EXPECT_THAT(programs(), testing::UnorderedElementsAre("theirs", "seatrial_device"));
}

}  // namespace
}  // namespace seatrial::cgroup
