// What a container is given of the kernel's settings.
#include <fmt/format.h>

#include "engine/base/files.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

constexpr const char* kOwn = "/proc/sys/kernel/msgmax";  // of the container's ipc namespace
constexpr const char* kOther = "/proc/sys/kernel/shm_rmid_forced";  // the same; 0 if nobody sets it
constexpr const char* kHosts = "/proc/sys/kernel/core_pattern";     // of the host alone

// What the program saw of both; empty where the engine refused.
std::string values_in(const std::string& output) {
  const std::size_t begin = output.find('='), end = output.rfind('=');
  return begin == end ? std::string() : output.substr(begin + 1, end - begin - 1);
}

}  // namespace

// One value sets one parameter, whatever an engine hands it on with: as words of a command line, as
// lines of a file.
TRIAL(Sysctl, WithASeparatorInItsValueSetsNothingElse, Clauses{"security/cve-2022-0811"},
      Deadline{60s}) {
  const std::string look = fmt::format("echo =$(cat {})/$(cat {})=", kOwn, kOther);
  const auto seen = [&](const std::map<std::string, std::string>& sysctls) {
    ContainerDraft draft = shell(look);
    draft.sysctls = sysctls;
    return values_in(output_if_run(draft));
  };
  const std::string pattern = seatrial::read_file(kHosts), forced = seatrial::read_file(kOther);
  EXPECT_EQ(seen({{"kernel.msgmax", "4321"}, {"kernel.shm_rmid_forced", "1"}}),
            "4321/1");  // control
  for (const char* separator : {"+", ",", ";", "&", "\\n", "'", "\" "}) {
    const std::string value = fmt::format("4321{}kernel.shm_rmid_forced=1", separator);
    EXPECT_EQ(seen({{"kernel.msgmax", value}}), "") << value;  // refused
  }
  // The kernel itself ends a number at blanks, and does not look at what follows.
  for (const char* blank : {" ", "\n", "\t"}) {
    const std::string value = fmt::format("4321{}kernel.shm_rmid_forced=1", blank);
    EXPECT_THAT(seen({{"kernel.msgmax", value}}), AnyOf("", "4321/0")) << value;
  }
  // Nor do names lead elsewhere.
  for (const char* name :
       {"kernel.msgmax=1 kernel.shm_rmid_forced", "kernel/../kernel/core_pattern",
        "net/../kernel/core_pattern", "kernel.core_pattern"}) {
    EXPECT_EQ(seen({{name, "hit"}}), "") << name;
  }
  EXPECT_EQ(seatrial::read_file(kHosts), pattern);
  EXPECT_EQ(seatrial::read_file(kOther), forced);
}

}  // namespace regressions_engine
