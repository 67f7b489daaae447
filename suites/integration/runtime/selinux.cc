// process.selinuxLabel and linux.mountLabel, with the types that policies have for containers.
#include <fcntl.h>

#include <string>

#include "engine/base/files.h"
#include "suites/integration/runtime/checkpointing.h"

namespace {

const std::string kProcess = "system_u:system_r:container_t:s0:c1,c2";
const std::string kFiles = "system_u:object_r:container_file_t:s0:c1,c2";

// Files that this thread makes have the label, for as long as this lives.
class MadeFiles {
 public:
  explicit MadeFiles(const std::string& label) { set(label); }
  MadeFiles(const MadeFiles&) = delete;
  MadeFiles& operator=(const MadeFiles&) = delete;
  ~MadeFiles() { set(std::string(1, '\0')); }

 private:
  static void set(const std::string& label) {
    constexpr const char* kFile = "/proc/thread-self/attr/fscreate";
    seatrial::write_all(seatrial::open_file(kFile, O_WRONLY).get(), label, kFile);
  }
};

// /host is a file of the host, with the label that it has there.
Bundle reading() {
  return Bundle::minimal()
      .with_file("/own", "cargo")
      .with_file("/host", "")
      .bind("/etc/passwd", "/host")
      .probe({"read", "/host", "/own", "/proc/self/attr/current"});
}

std::string label_in(const Report& report) {
  return report.answer("read", "/proc/self/attr/current").text("content").c_str();
}

// The options of what a process of the host's has mounted at /tmp.
std::string options_at_tmp(pid_t pid) {
  const std::string mounts = seatrial::read_file("/proc/" + std::to_string(pid) + "/mounts");
  const std::size_t at = mounts.find(" /tmp ");
  return at == std::string::npos ? "" : mounts.substr(at, mounts.find('\n', at) - at);
}

}  // namespace

TRIAL(SelinuxLabel, ConfinesTheProcess, Clauses{"runtime/process/selinux-label"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  auto box = target().run(reading().set("/process/selinuxLabel", kProcess));
  EXPECT_EQ(box.report().answer("read", "/host").error(), "EACCES");
  EXPECT_EQ(box.report().answer("read", "/own").text("content"), "cargo");
  EXPECT_EQ(label_in(box.report()), kProcess);
  auto control = target().run(reading());
  EXPECT_THAT(control.report(), Read("/host", HasSubstr("root")));
}

TRIAL(SelinuxLabel, ConfinesAlsoWithNoNewPrivileges,
      Clauses{"runtime/process/selinux-label", "runtime/process/no-new-privileges"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  auto box = target().run(reading().no_new_privileges().set("/process/selinuxLabel", kProcess));
  EXPECT_EQ(box.report().answer("read", "/host").error(), "EACCES");
  EXPECT_EQ(box.report().answer("read", "/own").text("content"), "cargo");  // control
}

TRIAL(SelinuxLabel, ConfinesExecutedProcesses, Clauses{"runtime/process/selinux-label"},
      Needs{Feature::kSelinux, Feature::kExec}) {
  const MadeFiles labelled(kFiles);
  auto box = target().run(Bundle::minimal()
                              .with_file("/host", "")
                              .bind("/etc/passwd", "/host")
                              .set("/process/selinuxLabel", kProcess)
                              .probe({"hold"}));
  const auto executed = box.exec_all({{"read", "/host"}, {"read", "/proc/self/attr/current"}});
  EXPECT_EQ(executed.report().answer("read", "/host").error(), "EACCES");
  EXPECT_EQ(label_in(executed.report()), kProcess);
}

TRIAL(SelinuxLabel, ThatThePolicyDoesNotHaveIsRefused,
      Clauses{"runtime/process/selinux-label", "runtime/config/unsupported-values"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  auto control = target().run(reading().set("/process/selinuxLabel", kProcess));
  EXPECT_EQ(control.report().answer("read", "/host").error(), "EACCES");
  auto box = target().try_run(
      reading().set("/process/selinuxLabel", "system_u:system_r:seatrial_nobody_t:s0"));
  EXPECT_THAT(box, Refused());
}

// Of one type, and yet apart: the categories of a container are not those of the other.
TRIAL(SelinuxLabel, OfOtherCategoriesPartsContainers, Clauses{"runtime/process/selinux-label"},
      Needs{Feature::kSelinux}) {
  const auto reading_at = [this](const std::string& level, const std::filesystem::path& cargo) {
    const MadeFiles labelled("system_u:object_r:container_file_t:s0:" + level);
    return target().run(
        Bundle::minimal()
            .with_file("/own", "its own")
            .with_file("/cargo", "")
            .bind(cargo, "/cargo")
            .set("/process/selinuxLabel", "system_u:system_r:container_t:s0:" + level)
            .probe({"read", "/own", "/cargo"}));
  };
  const auto cargo = [this] {
    const MadeFiles labelled(kFiles);
    return scratch_file("cargo", "of the first");
  }();
  auto first = reading_at("c1,c2", cargo);
  EXPECT_THAT(first.report(), Read("/cargo", "of the first"));  // control
  auto second = reading_at("c3,c4", cargo);
  EXPECT_THAT(second.report(), Read("/own", "its own"));
  EXPECT_EQ(second.report().answer("read", "/cargo").error(), "EACCES");
}

// A keyring of another label would be closed to the process that it is made for.
TRIAL(SelinuxLabel, IsThatOfTheSessionKeyring, Clauses{"runtime/process/selinux-label"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  auto box = target().run(Bundle::minimal()
                              .set("/process/selinuxLabel", kProcess)
                              .probe({"key_add", "cargo", "secret"})
                              .probe({"key_search", "cargo"}));
  EXPECT_THAT(box.wait(10s), Exited(0));
  EXPECT_EQ(box.report().answer("key_add", "cargo").error(), "");
  EXPECT_EQ(box.report().answer("key_search", "cargo").error(), "");
}

// Without it the policy keeps a container from a new tmpfs.
TRIAL(SelinuxMountLabel, IsThatOfNewFileSystems, Clauses{"runtime/linux/mount-label"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  const auto writing = [] {
    return Bundle::minimal()
        .tmpfs("/data")
        .set("/process/selinuxLabel", kProcess)
        .probe({"create", "/data/cargo"})
        .probe({"mountinfo"});
  };
  const std::string label = "system_u:object_r:container_file_t:s0";
  auto box = target().run(writing().set("/linux/mountLabel", label));
  EXPECT_THAT(box.report(), Did("create", "/data/cargo"));
  EXPECT_THAT(box.report().mount("/data").super_options, Contains("context=" + label));
  auto control = target().run(writing());
  EXPECT_THAT(control.report(), Failed("create", "/data/cargo", "EACCES"));
}

// The kernel has mounted it before anybody can say how.
TRIAL(SelinuxMountLabel, IsThatOfMessageQueues, Clauses{"runtime/linux/mount-label"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  const auto queueing = [] {
    return Bundle::minimal()
        .mount({.destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue"})
        .set("/process/selinuxLabel", kProcess)
        .probe({"create", "/dev/mqueue/cargo"});
  };
  auto box =
      target().run(queueing().set("/linux/mountLabel", "system_u:object_r:container_file_t:s0"));
  EXPECT_THAT(box.report(), Did("create", "/dev/mqueue/cargo"));
  auto control = target().run(queueing());
  EXPECT_THAT(control.report(), Failed("create", "/dev/mqueue/cargo", "EACCES"));
}

// A mount that says its own is not given the other's; to refuse the two is as good.
TRIAL(SelinuxMountLabel, LeavesAMountTheContextThatItAsksFor, Clauses{"runtime/linux/mount-label"},
      Needs{Feature::kSelinux}) {
  const MadeFiles labelled(kFiles);
  const std::string label = "system_u:object_r:container_file_t:s0";
  const std::string own = "system_u:object_r:tmpfs_t:s0";
  auto box = target().try_run(Bundle::minimal()
                                  .tmpfs("/data", {"context=" + own})
                                  .tmpfs("/tmp")
                                  .set("/linux/mountLabel", label)
                                  .probe({"mountinfo"}));
  if (box.outcome().succeeded()) {
    EXPECT_THAT(box.report().mount("/data").super_options, Contains("context=" + own));
    EXPECT_THAT(box.report().mount("/tmp").super_options, Contains("context=" + label));  // control
    return;
  }
  EXPECT_THAT(box, Refused());
  auto control = target().run(
      Bundle::minimal().tmpfs("/data").set("/linux/mountLabel", label).probe({"mountinfo"}));
  EXPECT_THAT(control.report().mount("/data").super_options, Contains("context=" + label));
}

// The program has no label of its own: the lane's policy lets CRIU into no container_t.
TRIAL(RestoredMountLabel, IsThatOfTheFirstContainer, Clauses{"runtime/linux/mount-label"},
      Needs{Feature::kSelinux, Feature::kCommandLine, Feature::kNetworkNamespace}) {
  const std::string label = "system_u:object_r:container_file_t:s0";
  const RoundTrip trip(target(), counting().tmpfs("/tmp").set("/linux/mountLabel", label));
  EXPECT_THAT(options_at_tmp(trip.pid()), HasSubstr("context=" + label));
}

TRIAL(RestoredMountLabel, MayBeAnother, Clauses{"runtime/linux/mount-label"},
      Needs{Feature::kSelinux, Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  const std::string label = "system_u:object_r:container_file_t:s0";
  const std::string other = "system_u:object_r:tmpfs_t:s0";
  auto box = target().run(counting().tmpfs("/tmp").set("/linux/mountLabel", label));
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  EXPECT_THAT(options_at_tmp(box.pid()), HasSubstr("context=" + label));  // control
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  const int last = counted(counter_of(box));
  const Restored restored(target(), box, {"--lsm-mount-context", other});
  ASSERT_THAT(restored.outcome(), Succeeded());
  EXPECT_THAT(options_at_tmp(restored.pid()), HasSubstr("context=" + other));
  EXPECT_TRUE(counts_beyond(counter_of(box), last));
}
