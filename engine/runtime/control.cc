// pause, resume, update and stats: what is asked of a container's cgroup while it runs.
#include <algorithm>

#include "engine/base/error.h"
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

}  // namespace

void Runtime::pause(const std::string& id) {
  with_context("pause " + id, [&] {
    with_cgroup(*impl_, id, {spec::Status::kCreated, spec::Status::kRunning}, "pause",
                [](const cgroup::Cgroup& cgroup, const Record&) {
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
