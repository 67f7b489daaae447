#include "engine/runtime/new_container.h"

#include "engine/base/error.h"
#include "engine/runtime/cgroup_owner.h"
#include "engine/runtime/console.h"
#include "engine/runtime/rfc3339.h"

namespace seatrial::runtime {

namespace {

bool makes(const spec::Config& config, spec::NamespaceType type) {
  const spec::Namespace* const entry = config.find_namespace(type);
  return entry != nullptr && entry->path.empty();
}

}  // namespace

Record new_record(Runtime::Impl& impl, const Bundle& bundle, const std::string& id,
                  const ContainerCgroups& cgroups) {
  const spec::Config& config = bundle.config;
  return {.phase = Phase::kCreating,
          .boot = impl.host.boot_id(),
          .creator = impl.host.self(),
          .init = {},
          .monitor = {},
          .monitor_directory = {},
          .checkpointer = {},
          .oci_version = config.oci_version,
          .bundle = bundle.path.native(),
          .rootfs = bundle.rootfs,
          .created = rfc3339(std::chrono::system_clock::now()),
          .annotations = config.annotations,
          .planned_cgroups =
              cgroup::absent_directories(cgroups.layout(impl.host), config.linux_.cgroups_path, id),
          .cgroups = {},
          .scope = bundle.scope ? bundle.scope->unit : "",
          .systemd = bundle.scope ? bundle.scope->socket : "",
          .rdt = {},
          .lent = {},
          .own_pid_namespace = makes(config, spec::NamespaceType::kPid),
          .own_user_namespace = makes(config, spec::NamespaceType::kUser),
          .own_mount_namespace = makes(config, spec::NamespaceType::kMount),
          .has_poststart = !config.hooks.poststart.empty(),
          .has_poststop = !config.hooks.poststop.empty()};
}

void make_cgroup(Runtime::Impl& impl, const spec::Config& config, const std::string& id,
                 const ContainerCgroups& cgroups, Record& record) {
  cgroup::Cgroup cgroup =
      cgroup::Cgroup::create(cgroups.layout(impl.host), config.linux_.cgroups_path, id);
  if (!record.scope.empty()) cgroup.adopt();
  record.cgroups = cgroup::print_identity(cgroup.identity());
  for (const std::string& ignored : cgroup.apply(cgroups.resources, cgroups.nodes)) {
    impl.warn(ignored);
  }
  if (const auto owner = cgroup_owner(config)) cgroup.give_to(*owner);
}

UniqueFd connect_console_of(const spec::Config& config, const std::filesystem::path& console_socket,
                            bool detached) {
  const bool terminal = config.process && config.process->terminal;
  const bool socket = !console_socket.empty();
  if (terminal && detached && !socket) {
    throw error(Kind::kInvalidArgument,
                "config.json asks for a process.terminal, which without a foreground needs a "
                "console socket");
  }
  if (!socket) return {};
  if (!terminal || !detached) {
    throw error(Kind::kInvalidArgument,
                "a console socket is for a detached container with process.terminal");
  }
  return connect_console_socket(console_socket);
}

spec::State state_of(const Record& record, const std::string& id, spec::Status status, pid_t pid) {
  return {.oci_version = record.oci_version,
          .id = id,
          .status = status,
          .pid = pid,
          .bundle = record.bundle,
          .rootfs = record.rootfs,
          .created = record.created,
          .owner = {},
          .annotations = record.annotations};
}

}  // namespace seatrial::runtime
