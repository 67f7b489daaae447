#include "engine/runtime/launch.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/sys/memfd.h"

namespace seatrial::runtime {
namespace {

// A launcher that cannot be executed is told once, by serve(), and leaves nothing to kill.
TEST(Launch, OfWhatIsNoProgramFails) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  for (const bool held : {false, true}) {
    Launch launch(plan, {.program = program.get(), .hold_init = held});
    if (held) launch.let_init_go();
    try {
      launch.serve({});
      FAIL() << "nothing was thrown";
    } catch (const Error& failure) {
      EXPECT_THAT(failure.what(), testing::StartsWith("start the launcher: execute: E"));
    }
  }
}

TEST(Launch, OfWhatIsNoProgramMayBeAbandoned) {
  const UniqueFd program = sys::sealed_memfd("no program", "words");
  const plan::LaunchPlan plan;
  const Launch launch(plan, {.program = program.get(), .hold_init = true});
}

}  // namespace
}  // namespace seatrial::runtime
