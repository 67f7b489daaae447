#include "engine/runtime/scope.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "engine/base/error.h"
#include "engine/cgroup/permission.h"

namespace seatrial::runtime {

using cgroup::SystemdManager;

namespace {

bool is_of_the_host(const std::string& socket) {
  return socket == cgroup::kSystemdOfHost;
}

// This process's user as the namespace outside of its own has it.
uid_t number_outside(Host& host) {
  const uid_t user = ::geteuid();
  const plan::HostFacts facts = host.facts({});
  for (const spec::IdMapping& map : facts.uid_map) {
    if (user >= map.container_id && user - map.container_id < map.size) {
      return map.host_id + (user - map.container_id);
    }
  }
  return user;
}

// The part of `place` below the container's own cgroup: "" or "/a".
std::string below(const Record& record, const std::string& place) {
  const cgroup::Identity own = cgroup::parse_identity(record.cgroups);
  return place.substr(own.members.front().cgroup.size());
}

SystemdManager manager_for(const cgroup::Scope& scope) {
  SystemdManager manager = SystemdManager::connect(scope.socket);
  if (manager.description(scope.unit)) {
    throw error(Kind::kConflict, "linux.cgroupsPath: systemd has a unit {} already", scope.unit);
  }
  return manager;
}

// What systemd is to know of the container's limits.
std::vector<cgroup::UnitProperty> properties_for(const spec::Resources& resources, bool v2) {
  std::vector<cgroup::UnitProperty> properties = cgroup::limits_as_properties(resources, v2);
  if (v2) return properties;
  for (cgroup::UnitProperty& each : cgroup::devices_as_properties(resources.devices)) {
    properties.push_back(std::move(each));
  }
  return properties;
}

void check_place(SystemdManager& manager, const cgroup::Scope& scope) {
  if (is_of_the_host(scope.socket)) return;
  const std::string place = manager.cgroup_of(scope.unit);
  if (place == scope.cgroup()) return;
  throw error(Kind::kUnavailable, "systemd has {} at {}, and not at {}", scope.unit, place,
              scope.cgroup());
}

// By which the scope is known to be the container's own, and not a later one of that name.
std::string scope_description(const Record& record, const std::string& id) {
  return fmt::format("container {}, created {}", id, record.created);
}

}  // namespace

void place_in_scope(Bundle& bundle, const std::string& id, Host& host) {
  std::string& path = bundle.config.linux_.cgroups_path;
  if (!host.is_restricted()) {
    bundle.scope = cgroup::parse_scope(path, id);
    bundle.scope->socket = cgroup::kSystemdOfHost;
  } else {
    bundle.scope = cgroup::parse_scope(path, id, "user.slice");
    const auto& hierarchies = host.layout().hierarchies();
    if (hierarchies.size() != 1 || !hierarchies.front().v2) {
      throw error(Kind::kUnsupported,
                  "--systemd-cgroup: as user {} it needs a host with cgroup v2 alone; in v1, a "
                  "user's own systemd has no cgroups to limit containers with",
                  ::geteuid());
    }
    bundle.scope->socket =
        cgroup::own_systemd(std::getenv("XDG_RUNTIME_DIR"), number_outside(host));
    bundle.scope->root = SystemdManager::connect(bundle.scope->socket).root();
  }
  path = bundle.scope->cgroup();
}

NewScope::NewScope(const cgroup::Scope& scope, const spec::Resources& limits, bool v2)
    : scope_(scope), properties_(properties_for(limits, v2)), manager_(manager_for(scope)) {}

void NewScope::start(Record& record, const std::string& id, pid_t process) {
  try {
    manager_.start(scope_, scope_description(record, id), process, properties_);
  } catch (const Error& failure) {
    if (failure.kind() == Kind::kConflict) {  // and so is what stands there
      record.scope.clear();
      record.planned_cgroups.clear();
    }
    throw;
  }
  check_place(manager_, scope_);
}

void update_scope(const Record& record, const cgroup::Cgroup& cgroup,
                  const spec::Resources& resources) {
  const auto& members = cgroup.identity().members;
  const bool v2 = std::ranges::all_of(members, &cgroup::Membership::v2);
  if (!is_of_the_host(record.systemd)) {
    for (const cgroup::Membership& each : members) {
      cgroup::check_delegated(each.directory, resources);
    }
  }
  std::vector<cgroup::UnitProperty> properties = cgroup::limits_as_properties(resources, v2);
  if (!v2 && !resources.devices.empty()) {
    // systemd adds to what it knows, unless it is to forget that first.
    properties.push_back({"DeviceAllow", cgroup::UnitProperty::Pairs{}});
    for (cgroup::UnitProperty& each : cgroup::devices_as_properties(resources.devices)) {
      properties.push_back(std::move(each));
    }
  }
  SystemdManager::connect(record.systemd).set(record.scope, properties);
}

void let_into_scope(const Record& record, const cgroup::Identity& place, Host& host,
                    pid_t process) {
  if (record.scope.empty() || is_of_the_host(record.systemd)) return;
  const std::string& cgroup = place.members.front().cgroup;
  if (cgroup::refusals(host.layout(), cgroup, {}).empty()) return;
  SystemdManager::connect(record.systemd).attach(record.scope, below(record, cgroup), process);
}

Record own_part(Record record, const std::string& id) {
  if (record.scope.empty() || !record.cgroups.empty()) return record;
  std::optional<std::string> there;
  try {
    there = SystemdManager::connect(record.systemd).description(record.scope);
  } catch (const Error&) {
    return record;  // without a systemd there is nobody else's
  }
  // For a unit that it is about to forget it has no description but the name.
  if (there && *there != record.scope && *there != scope_description(record, id)) {
    record.scope.clear();
    record.planned_cgroups.clear();
  }
  return record;
}

void stop_scope(const Record& record, const std::string& id) {
  if (record.scope.empty()) return;
  SystemdManager manager = SystemdManager::connect(record.systemd);
  if (manager.description(record.scope) == scope_description(record, id)) {
    manager.stop(record.scope);
  }
}

void remove_empty_slices(const Record& record) {
  if (record.scope.empty() || record.phase != Phase::kCreating) return;
  const auto& planned = record.planned_cgroups;
  for (auto path = planned.rbegin(); path != planned.rend(); ++path) {
    const bool v2 = ::access((*path + "/cgroup.controllers").c_str(), F_OK) == 0;
    if (!v2 && !path->ends_with("/" + record.scope)) ::rmdir(path->c_str());
  }
}

}  // namespace seatrial::runtime
