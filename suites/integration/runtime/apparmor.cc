// process.apparmorProfile, with a profile of the case's own.
#include <unistd.h>

#include <string>

#include "harness/core/process.h"
#include "harness/fixtures/case.h"

namespace {

// A profile that lets everything through but one file, in the kernel for as long as this lives.
class Profile {
 public:
  Profile() : name_("seatrial-trial-" + std::to_string(::getpid())) { load("--add"); }
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
