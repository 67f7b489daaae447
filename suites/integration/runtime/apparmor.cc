// process.apparmorProfile, with a profile of the case's own.
#include <unistd.h>

#include <string>

#include "engine/base/files.h"
#include "harness/core/process.h"
#include "suites/integration/runtime/checkpointing.h"

namespace {

// A profile that lets everything through but one file, in the kernel for as long as this lives.
class Profile {
 public:
  explicit Profile(const std::string& end = "")
      : name_("seatrial-trial-" + std::to_string(::getpid()) + end) {
    load("--add");
  }
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  ~Profile() { load("--remove"); }

  const std::string& name() const { return name_; }

 private:
  void load(const char* verb) const {
    const std::string text = "profile " + name_ +
                             " flags=(attach_disconnected, mediate_deleted) {\n"
                             "  file, capability, network, signal, ptrace, unix,\n"
                             "  mount, umount, pivot_root,\n"
                             "  deny /denied rw,\n"
                             "}\n";
    const auto outcome =
        seatrial::harness::run_command({"apparmor_parser", "--skip-cache", verb}, {.input = text});
    EXPECT_TRUE(outcome.succeeded()) << describe(outcome);
  }

  std::string name_;
};

Bundle reading() {
  return Bundle::minimal()
      .with_file("/denied", "cargo")
      .with_file("/open", "cargo")
      .probe({"read", "/denied", "/open", "/proc/self/attr/current"});
}

// Of a process of the host's.
std::string profile_of(pid_t pid) {
  return seatrial::read_file("/proc/" + std::to_string(pid) + "/attr/current");
}

}  // namespace

TRIAL(AppArmorProfile, ConfinesTheProcess, Clauses{"runtime/process/apparmor-profile"},
      Needs{Feature::kAppArmor}) {
  const Profile profile;
  auto box = target().run(reading().set("/process/apparmorProfile", profile.name()));
  EXPECT_EQ(box.report().answer("read", "/denied").error(), "EACCES");
  EXPECT_EQ(box.report().answer("read", "/open").text("content"), "cargo");
  EXPECT_EQ(box.report().answer("read", "/proc/self/attr/current").text("content"),
            profile.name() + " (enforce)\n");
  auto control = target().run(reading());
  EXPECT_EQ(control.report().answer("read", "/denied").text("content"), "cargo");
}

TRIAL(AppArmorProfile, ConfinesAlsoWithNoNewPrivileges,
      Clauses{"runtime/process/apparmor-profile", "runtime/process/no-new-privileges"},
      Needs{Feature::kAppArmor}) {
  const Profile profile;
  auto box = target().run(reading()
                              .set("/process/noNewPrivileges", true)
                              .set("/process/apparmorProfile", profile.name()));
  EXPECT_EQ(box.report().answer("read", "/denied").error(), "EACCES");
  EXPECT_EQ(box.report().answer("read", "/open").text("content"), "cargo");  // control
}

TRIAL(AppArmorProfile, ConfinesExecutedProcesses, Clauses{"runtime/process/apparmor-profile"},
      Needs{Feature::kAppArmor, Feature::kExec}) {
  const Profile profile;
  auto box = target().run(Bundle::minimal()
                              .with_file("/denied", "cargo")
                              .set("/process/apparmorProfile", profile.name())
                              .probe({"hold"}));
  const auto executed = box.exec_all({{"read", "/denied"}, {"read", "/proc/self/attr/current"}});
  EXPECT_EQ(executed.report().answer("read", "/denied").error(), "EACCES");
  EXPECT_EQ(executed.report().answer("read", "/proc/self/attr/current").text("content"),
            profile.name() + " (enforce)\n");
}

TRIAL(AppArmorProfile, ThatTheKernelDoesNotKnowIsRefused,
      Clauses{"runtime/process/apparmor-profile", "runtime/config/unsupported-values"},
      Needs{Feature::kAppArmor}) {
  const Profile profile;
  auto control = target().run(reading().set("/process/apparmorProfile", profile.name()));
  EXPECT_EQ(control.report().answer("read", "/denied").error(), "EACCES");
  auto box = target().try_run(reading().set("/process/apparmorProfile", "seatrial-nobody"));
  EXPECT_THAT(box, Refused());
}

TRIAL(RestoredProfile, IsThatOfTheFirstContainer, Clauses{"runtime/process/apparmor-profile"},
      Needs{Feature::kAppArmor, Feature::kCommandLine, Feature::kNetworkNamespace}) {
  const Profile profile;
  const RoundTrip trip(target(), counting().set("/process/apparmorProfile", profile.name()));
  EXPECT_EQ(profile_of(trip.pid()), profile.name() + " (enforce)\n");
}

TRIAL(RestoredProfile, MayBeAnother, Clauses{"runtime/process/apparmor-profile"},
      Needs{Feature::kAppArmor, Feature::kCommandLine, Feature::kNetworkNamespace}) {
  need_criu(target());
  const Profile first("-first");
  const Profile second("-second");
  auto box = target().run(counting().set("/process/apparmorProfile", first.name()));
  ASSERT_TRUE(counts_beyond(counter_of(box), 0));
  EXPECT_EQ(profile_of(box.pid()), first.name() + " (enforce)\n");
  ASSERT_THAT(checkpoint(target(), box), Succeeded());
  const int last = counted(counter_of(box));
  const Restored restored(target(), box, {"--lsm-profile", "apparmor:" + second.name()});
  ASSERT_THAT(restored.outcome(), Succeeded());
  EXPECT_EQ(profile_of(restored.pid()), second.name() + " (enforce)\n");
  EXPECT_TRUE(counts_beyond(counter_of(box), last));
}
