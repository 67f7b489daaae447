#include "engine/runtime/bundle.h"
#include "engine/runtime/host.h"
#include "engine/runtime/runtime.h"

namespace seatrial::runtime {

std::string plan_text(const std::filesystem::path& bundle_path) {
  const Bundle bundle = load_bundle(bundle_path);
  const std::string id = bundle.path.filename().native();
  Host host;
  auto hierarchies = planned_hierarchies(host.layout(), bundle.config.linux_.cgroups_path, id);
  return plan::to_text(plan::plan(bundle.config, host.facts(std::move(hierarchies)),
                                  {.bundle = bundle.path.native(), .id = id}));
}

}  // namespace seatrial::runtime
