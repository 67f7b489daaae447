// What a container is given of the kernel's settings.
#include <fmt/format.h>

#include "engine/base/files.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {

// One value sets one parameter, whatever a runtime hands it on with: as words of a command line, as
// lines of a file.
TRIAL(Sysctl, WithASeparatorInItsValueSetsNothingElse, Clauses{"security/cve-2022-0811"}) {
  const std::string hosts = "/proc/sys/kernel/core_pattern";
  const std::string own = "kernel.msgmax", other = "kernel.shm_rmid_forced";
  const std::string pattern = seatrial::read_file(hosts);
  const auto with = [&](const std::string& name, const std::string& value) {
    return Bundle::minimal().sysctl(name, value).probe({"sysctl", own, other});
  };
  auto control = target().run(with(own, "4321").sysctl(other, "1"));
  EXPECT_THAT(control.report().answer("sysctl", own), HasText("value", "4321"));
  EXPECT_THAT(control.report().answer("sysctl", other), HasText("value", "1"));

  for (const char* separator : {"+", ",", ";", "&", "\\n", "'"}) {
    const std::string value = fmt::format("4321{}{}=1", separator, other);
    EXPECT_THAT(target().try_run(with(own, value)), Refused()) << value;
  }
  // The kernel itself ends a number at blanks, and does not look at what follows.
  for (const char* blank : {" ", "\n", "\t"}) {
    auto box = target().try_run(with(own, fmt::format("4321{}{}=1", blank, other)));
    if (!box.outcome().succeeded()) continue;
    EXPECT_THAT(box.report().answer("sysctl", own), HasText("value", "4321"));
    EXPECT_THAT(box.report().answer("sysctl", other), HasText("value", "0"));
  }
  EXPECT_EQ(seatrial::read_file(hosts), pattern);
}

// Nor does a name lead to what is the host's.
TRIAL(Sysctl, OfTheHostIsRefused, Clauses{"security/cve-2022-0811", "security/kernel-parameters"}) {
  const std::string hosts = "/proc/sys/kernel/core_pattern";
  const std::string pattern = seatrial::read_file(hosts);
  for (const char* name : {"kernel.core_pattern", "kernel/core_pattern",
                           "net/../kernel/core_pattern", "net.ipv4/../../kernel/core_pattern"}) {
    // To what it is already: an engine that falls for it does no harm.
    EXPECT_THAT(
        target().try_run(Bundle::minimal().sysctl(name, pattern.substr(0, pattern.find('\n')))),
        Refused())
        << name;
  }
  EXPECT_THAT(target().try_run(Bundle::minimal().sysctl("kernel.msgmax", "4321")), Succeeded());
  EXPECT_EQ(seatrial::read_file(hosts), pattern);
}

}  // namespace regressions
