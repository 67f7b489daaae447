#include "engine/runtime/runtime.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/runtime/container_processes.h"
#include "engine/runtime/hooks.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/new_container.h"
#include "engine/runtime/own_rights.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/version.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/standard_descriptors.h"

namespace seatrial::runtime {
namespace {

// Frozen tasks take a SIGKILL only when they are thawed.
void kill_frozen(const cgroup::Cgroup& cgroup) {
  if (cgroup.frozen()) cgroup.thaw();
}

// The user whose state directory it is.
std::string owner_of(const StateDirectory& directory) {
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) throw sys_error(errno, "stat {}", directory.id());
  return status.st_uid == 0 ? "root" : fmt::format("#{}", status.st_uid);
}

}  // namespace

std::filesystem::path default_root() {
  const char* const runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  const char* const user = std::getenv("USER");
  const bool is_root = ::geteuid() == 0 && (!in_user_namespace() ||
                                            (user != nullptr && std::string_view(user) == "root"));
  if (!is_root && runtime_dir != nullptr && *runtime_dir != '\0') {
    return std::filesystem::path(runtime_dir) / "seatrial";
  }
  return "/run/seatrial";
}

std::optional<ExitStatus> Child::wait(std::optional<std::chrono::milliseconds> timeout) {
  sys::PidFd process(pid_, std::move(pidfd_));
  const bool ended = process.wait_exit(sys::after(timeout));
  const auto end = ended ? process.reap_ended() : std::nullopt;
  pidfd_ = process.release();
  if (!ended) return std::nullopt;
  if (!end) throw error(Kind::kNotFound, "process {} was reaped by somebody else", pid_);
  return ExitStatus{.code = end->code};
}

Runtime::Runtime(std::filesystem::path root, Rootless rootless, CgroupManager cgroup_manager)
    : impl_((sys::occupy_standard_descriptors(),
             std::make_unique<Impl>(std::move(root), rootless, cgroup_manager))) {}
Runtime::Runtime(Runtime&&) noexcept = default;

Runtime::Impl& impl_of(Runtime& runtime) {
  return *runtime.impl_;
}

Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;

const std::filesystem::path& Runtime::root() const {
  return impl_->root.path();
}

void Runtime::on_warning(std::function<void(std::string_view)> sink) {
  impl_->warning_sink = std::move(sink);
}

spec::State Runtime::state(const std::string& id) const {
  const StateDirectory directory = impl_->root.open(id);
  return impl_->state_of(directory, directory.read_record());
}

std::vector<spec::State> Runtime::list() const {
  std::vector<spec::State> states;
  for (const std::string& id : impl_->root.ids()) {
    try {
      states.push_back(state(id));
    } catch (const Error&) {
      // Made or deleted this moment, or a leftover that recover() will take.
    }
  }
  return states;
}

std::vector<pid_t> Runtime::processes(const std::string& id) const {
  const StateDirectory directory = impl_->root.open(id);
  const Record record = directory.read_record();
  if (record.phase == Phase::kCreating || !impl_->is_of_this_boot(record)) return {};
  return container_processes(directory, record, Impl::cgroup_of(record));
}

void Runtime::kill(const std::string& id, int signal, bool all) {
  const StateDirectory directory = impl_->root.open(id);
  const Record record = directory.read_record();
  const bool alive = record.phase == Phase::kCreated && impl_->init_is_alive(record);
  if (all && record.phase == Phase::kCreated && impl_->is_of_this_boot(record)) {
    const cgroup::Cgroup cgroup = Impl::cgroup_of(record);
    if (signal_processes(directory, record, cgroup, signal) == 0) {
      throw error(Kind::kConflict, "container {}: container not running", id);
    }
    if (signal == SIGKILL) kill_frozen(cgroup);
    return;
  }
  if (!alive) throw error(Kind::kConflict, "container {}: container not running", id);
  const auto process = sys::PidFd::open(record.init.pid);
  // Checked after the open: the descriptor and the identity now speak of the same process.
  if (!process || !record.init.is_alive() || !process->send_signal(signal)) {
    throw error(Kind::kConflict, "container {}: process already finished", id);
  }
  if (signal == SIGKILL) kill_frozen(Impl::cgroup_of(record));
}

spec::State Runtime::Impl::state_of(const StateDirectory& directory, const Record& record) {
  spec::State state = runtime::state_of(record, directory.id(), spec::Status::kStopped, 0);
  state.owner = owner_of(directory);
  if (!is_of_this_boot(record)) return state;
  if (record.phase == Phase::kCreating) {
    if (record.creator.is_alive()) state.status = spec::Status::kCreating;
    return state;
  }
  if (!record.init.is_alive()) return state;
  state.pid = record.init.pid;
  if (cgroup_of(record).frozen()) {
    state.status = spec::Status::kPaused;
  } else {
    state.status = directory.has_start_socket() ? spec::Status::kCreated : spec::Status::kRunning;
  }
  return state;
}

spec::Config Runtime::Impl::config_of(const StateDirectory& directory, const Record& record) {
  return spec::parse_config(directory.read_config(),
                            {.bundle = record.bundle, .known_seccomp = &known_seccomp});
}

plan::SeccompFilter Runtime::Impl::filter_of(const spec::Config& config) const {
  const auto& seccomp = config.linux_.seccomp;
  if (!seccomp) return {};
  return seccomp_filter(*seccomp, seccomp_cache.get(*seccomp));
}

cgroup::Cgroup Runtime::Impl::cgroup_of(const Record& record) {
  if (!record.cgroups.empty()) return cgroup::Cgroup::open(cgroup::parse_identity(record.cgroups));
  // Create was killed before it knew what it had made: what stands now of the directories that did
  // not stand before is ours.
  cgroup::Identity identity;
  for (auto at = record.planned_cgroups.rbegin(); at != record.planned_cgroups.rend(); ++at) {
    const std::string& path = *at;  // those below before those above: remove() goes in this order
    // In slices live others, too.
    if (!record.scope.empty() && !path.ends_with("/" + record.scope)) continue;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) continue;
    identity.members.push_back({.hierarchy = {},
                                .directory = path,
                                .cgroup = {},
                                .v2 = false,
                                .made = {{.path = path, .inode = status.st_ino}}});
  }
  return cgroup::Cgroup::open(std::move(identity));
}

void Runtime::Impl::run_poststart(const spec::Config& config, const spec::State& state) const {
  for (const spec::Hook& hook : config.hooks.poststart) {
    try {
      run_hook(
          hook,
          {.kind = "poststart", .state = spec::print_specified(state), .directory = state.bundle});
    } catch (const Error& failure) {
      if (spec::is_1_3_or_later(config.oci_version)) throw;
      warn(failure.what());
    }
  }
}

}  // namespace seatrial::runtime
