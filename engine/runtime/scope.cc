#include "engine/runtime/scope.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace seatrial::runtime {

using cgroup::SystemdManager;

void place_in_scope(Bundle& bundle, const std::string& id) {
  std::string& path = bundle.config.linux_.cgroups_path;
  bundle.scope = cgroup::parse_scope(path, id);
  path = bundle.scope->cgroup();
}

SystemdManager manager_for(const cgroup::Scope& scope, bool restricted) {
  if (restricted) {
    throw error(Kind::kUnsupported,
                "--systemd-cgroup: user {} has no privileges over the host, and its own systemd is "
                "not asked",
                ::geteuid());
  }
  SystemdManager manager = SystemdManager::connect();
  if (manager.description(scope.unit)) {
    throw error(Kind::kConflict, "linux.cgroupsPath: systemd has a unit {} already", scope.unit);
  }
  return manager;
}

std::vector<cgroup::UnitProperty> properties_for(const spec::Resources& resources, bool v2) {
  std::vector<cgroup::UnitProperty> properties = cgroup::limits_as_properties(resources, v2);
  if (v2) return properties;
  for (cgroup::UnitProperty& each : cgroup::devices_as_properties(resources.devices)) {
    properties.push_back(std::move(each));
  }
  return properties;
}

std::vector<std::string> without_slices(std::vector<std::string> planned,
                                        const cgroup::Scope& scope) {
  std::erase_if(planned,
                [&](const std::string& path) { return !path.ends_with("/" + scope.unit); });
  return planned;
}

void update_scope(const std::string& unit, const cgroup::Cgroup& cgroup,
                  const spec::Resources& resources) {
  const bool v2 = std::ranges::all_of(cgroup.identity().members, &cgroup::Membership::v2);
  SystemdManager::connect().set(unit, cgroup::limits_as_properties(resources, v2));
}

std::string scope_description(const Record& record, const std::string& id) {
  return fmt::format("container {}, created {}", id, record.created);
}

void stop_scope(const Record& record, const std::string& id) {
  if (record.scope.empty()) return;
  SystemdManager manager = SystemdManager::connect();
  if (manager.description(record.scope) == scope_description(record, id)) {
    manager.stop(record.scope);
  }
}

}  // namespace seatrial::runtime
