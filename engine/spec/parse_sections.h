// The sections of config.json, one parser each. Internal to this room: callers use parse_config.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/spec/config.h"
#include "engine/spec/json_reader.h"
#include "engine/spec/parse_config.h"

namespace seatrial::spec {

std::string parse_version(const Reader& version);
Process parse_process(const Reader& process);
Hooks parse_hooks(const Reader& hooks);
Scheduler parse_scheduler(const Reader& object);
IoPriority parse_io_priority(const Reader& object);
ExecCpuAffinity parse_exec_cpu_affinity(const Reader& object);
MemoryPolicy parse_memory_policy(const Reader& object);
std::uint32_t parse_personality(const Reader& object);
std::vector<IdMapping> parse_id_mappings(const Reader& mappings);
// By the name outside; what each is called inside.
std::map<std::string, std::string> parse_net_devices(const Reader& devices,
                                                     const std::vector<Namespace>& namespaces);
Resources parse_resources(const Reader& resources);
// Nothing for a filter that would let every call run.
std::optional<Seccomp> parse_seccomp(const Reader& seccomp);
IntelRdt parse_intel_rdt(const Reader& section);
Linux parse_linux(const Reader& section);

// What the mounts lean on beside their own text.
struct MountContext {
  const std::string& bundle;
  bool has_user_namespace = false;
};
std::vector<Mount> parse_mounts(const Reader& mounts, const MountContext& context);

// Refuses a key that is no namespaced sysctl, or whose namespace the container does not have.
// Returns the parameters with dots between the components of their names.
std::map<std::string, std::string> parse_sysctl(const Reader& sysctl,
                                                const std::vector<Namespace>& namespaces);

}  // namespace seatrial::spec
