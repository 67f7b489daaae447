// What cases of engines on published escapes share: a canary, and images that lie.
//
// Case files open `namespace regressions_engine`, whose Trial TRIAL finds then.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/fixtures/engine_case.h"
#include "harness/fixtures/image_layout.h"
#include "harness/sentinel/canary.h"

namespace regressions_engine {

using engine_suite::Ended;
using seatrial::Error;
using seatrial::Kind;
using seatrial::sentinel::Canary;
using Where = std::source_location;
using Fill = std::function<void(TarWriter& tar)>;

// Climbs to the host's root from any depth and down to the path.
std::string climbing(const std::filesystem::path& to);
// A bare tar archive.
std::string tar_of(const Fill& fill);
// A root filesystem with busybox and its shell, and the probe.
void add_programs(TarWriter& tar);

class Trial : public engine_suite::Trial {
 protected:
  Trial();
  ~Trial() override;  // the canary is what it was

  const Canary& canary() const { return canary_; }

  // Loads an image of these layers, the lowest first. Its name; empty where the engine refuses it.
  std::string load(const std::vector<Fill>& layers, const ImageConfig& config = {});
  // The same for one that must not be refused.
  std::string image(const std::vector<Fill>& layers, const ImageConfig& config = {},
                    Where where = Where::current());
  // What the container wrote, where it ran: nothing when the engine refused to create or start it.
  // A container that the engine refused does not run.
  std::string output_if_run(const ContainerDraft& draft);
  // The probe's answers to a container's, or an executed, call.
  Report probed(ContainerDraft draft, const std::vector<std::vector<std::string>>& commands,
                Where where = Where::current());
  Report probed_in(const std::string& container, const std::vector<std::string>& command);

 private:
  Canary canary_;
  int images_ = 0;
};

}  // namespace regressions_engine
