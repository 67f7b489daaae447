// What cases on published escapes share: a canary, and an attack that is refused or contained.
//
// Case files open `namespace regressions`, whose Trial TRIAL finds then.
#pragma once

#include <string>
#include <vector>

#include "harness/fixtures/case.h"
#include "harness/sentinel/canary.h"

namespace regressions {

// Climbs to the host's root from any depth and down to the path.
std::string climbing(const std::filesystem::path& to);

class Trial : public seatrial::harness::Trial {
 protected:
  Trial();
  ~Trial() override;  // the canary is what it was

  const seatrial::sentinel::Canary& canary() const { return canary_; }

  // Runs it. Either the engine refuses, or the container is up, its probe has reported, and none of
  // its mounts shows the canary. Asks the probe for mountinfo besides.
  Box attempt(Bundle bundle);
  // For a container that runs.
  void expect_contained(const Report& report);

 private:
  seatrial::sentinel::Canary canary_;
};

}  // namespace regressions
