// pause, resume, update and stats: what is asked of a container's cgroup while it runs.
#include <algorithm>

#include "engine/base/error.h"
#include "engine/runtime/container_processes.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/scope.h"
#include "engine/spec/version.h"

namespace seatrial::runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kFreezePatience = 10s;

// Calls `act` with the cgroup of a container in one of these states, the container locked.
template <typename Act>
decltype(auto) with_cgroup(Runtime::Impl& impl, const std::string& id,
                           std::initializer_list<spec::Status> allowed, std::string_view verb,
                           Act&& act) {
  const StateDirectory directory = impl.root.lock(id);
  const Record record = directory.read_record();
  const spec::Status status = impl.state_of(directory, record).status;
  if (std::find(allowed.begin(), allowed.end(), status) == allowed.end()) {
    throw error(Kind::kConflict, "cannot {} a container that is {}", verb, spec::to_string(status));
  }
  return act(Runtime::Impl::cgroup_of(record), record);
}

// By the version of the specification that the container was made with.
spec::Resources as_meant(spec::Resources resources, const Record& record) {
  if (resources.pids_limit == 0 && !spec::is_1_3_or_later(record.oci_version)) {
    resources.pids_limit.reset();
  }
  return resources;
}

// Some of those in the directory that are not the container's, as words of a sentence.
std::string others_in(const std::string& path, const std::vector<pid_t>& own) {
  std::vector<pid_t> others = cgroup::processes_in(path);
  std::erase_if(others, [&](pid_t pid) { return std::ranges::binary_search(own, pid); });
  if (others.empty()) return "whoever else joins it";
  const std::string first = fmt::format("process {}", others.front());
  if (others.size() == 1) return first;
  return fmt::format("{} and {} more", first, others.size() - 1);
}

// Where there is no other way to stop the container than to stop them, too.
void refuse_to_freeze_others(const StateDirectory& directory, const Record& record,
                             const cgroup::Cgroup& cgroup) {
  const std::optional<std::string> shared = cgroup.foreign_freezer();
  if (!shared) return;
  throw error(Kind::kConflict,
              "the cgroup {} is not the container's own: it stood before, and freezing it would "
              "also stop {}",
              *shared, others_in(*shared, container_processes(directory, record, cgroup)));
}

}  // namespace

void Runtime::pause(const std::string& id) {
  with_context("pause " + id, [&] {
    with_cgroup(*impl_, id, {spec::Status::kCreated, spec::Status::kRunning}, "pause",
                [&](const cgroup::Cgroup& cgroup, const Record& record) {
                  refuse_to_freeze_others(impl_->root.open(id), record, cgroup);
                  cgroup.freeze(std::chrono::steady_clock::now() + kFreezePatience);
                });
  });
}

void Runtime::resume(const std::string& id) {
  with_context("resume " + id, [&] {
    with_cgroup(*impl_, id, {spec::Status::kPaused}, "resume",
                [](const cgroup::Cgroup& cgroup, const Record&) { cgroup.thaw(); });
  });
}

void Runtime::update(const std::string& id, const spec::Resources& resources,
                     const std::vector<std::string>& schemata) {
  with_context("update " + id, [&] {
    with_cgroup(*impl_, id, {spec::Status::kCreated, spec::Status::kRunning, spec::Status::kPaused},
                "update", [&](const cgroup::Cgroup& cgroup, const Record& record) {
                  check_schemata(record.rdt, schemata);
                  const spec::Resources limits = as_meant(resources, record);
                  // First, since who cannot ask systemd changes nothing.
                  if (!record.scope.empty()) update_scope(record, cgroup, limits);
                  if (!limits.devices.empty() && !impl_->host.is_restricted()) {
                    cgroup.update_devices(limits.devices);
                  }
                  for (const std::string& ignored : cgroup.apply_limits(limits)) {
                    impl_->warn(ignored);
                  }
                  write_schemata(record.rdt, schemata);
                });
  });
}

cgroup::Stats Runtime::stats(const std::string& id) const {
  return with_context("stats of " + id, [&] {
    const StateDirectory directory = impl_->root.open(id);
    return Runtime::Impl::cgroup_of(directory.read_record()).stats();
  });
}

cgroup::DetailedStats Runtime::detailed_stats(const std::string& id) const {
  return with_context("stats of " + id, [&] {
    const StateDirectory directory = impl_->root.open(id);
    return cgroup::detailed_stats(Runtime::Impl::cgroup_of(directory.read_record()));
  });
}

cgroup::OomWatch Runtime::watch_oom(const std::string& id) const {
  return with_context("watch " + id, [&] {
    const StateDirectory directory = impl_->root.open(id);
    return cgroup::OomWatch(Runtime::Impl::cgroup_of(directory.read_record()));
  });
}

std::optional<std::uint64_t> Runtime::oom_kills(const std::string& id) const {
  return with_context("stats of " + id, [&] {
    const StateDirectory directory = impl_->root.open(id);
    return Runtime::Impl::cgroup_of(directory.read_record()).oom_kills();
  });
}

}  // namespace seatrial::runtime
