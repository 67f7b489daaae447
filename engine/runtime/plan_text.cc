#include "engine/runtime/bundle.h"
#include "engine/runtime/container_cgroups.h"
#include "engine/runtime/host.h"
#include "engine/runtime/intel_rdt.h"
#include "engine/runtime/own_rights.h"
#include "engine/runtime/runtime.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/seccomp_filter.h"
#include "engine/security/seccomp.h"

namespace seatrial::runtime {

std::string plan_text(const std::filesystem::path& bundle_path, CgroupManager cgroup_manager) {
  Bundle bundle = load_bundle(bundle_path);
  const std::string id = bundle.path.filename().native();
  Host host;
  if (cgroup_manager == CgroupManager::kSystemd) place_in_scope(bundle, id, host);
  check_rights(bundle.config, host.facts({}));
  ContainerCgroups cgroups = choose_cgroups(host, bundle.config.linux_, id, bundle.scope);
  std::string classes;
  if (const auto& rdt = bundle.config.linux_.intel_rdt) {
    classes = RdtClass(*rdt, id, ResctrlKind{}).to_text();
  }
  plan::SeccompFilter filter;
  if (const auto& seccomp = bundle.config.linux_.seccomp) {
    filter = seccomp_filter(*seccomp, security::compile(*seccomp));
  }
  return classes + plan::to_text(plan::plan(
                       bundle.config, host.facts(std::move(cgroups.hierarchies)),
                       {.bundle = bundle.path.native(), .id = id, .seccomp = std::move(filter)}));
}

}  // namespace seatrial::runtime
