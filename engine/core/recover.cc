// recover: everything that killed processes left, found by its identity and cleaned or adopted.
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/impl.h"

namespace seatrial::core {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

// Directories and snapshots whose record is gone, or was never written: a create that was killed,
// or a removal. One that another process is making now has its directory locked.
void clean_strays(Engine::Impl& impl, RecoveryReport& report) {
  for (const std::string& id : names_in(impl.options.root / "containers")) {
    if (impl.store.container(id)) continue;
    const UniqueFd lock = open_file(impl.directory(id), O_RDONLY | O_DIRECTORY);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    if (impl.store.container(id)) continue;
    impl.take_down({.id = id});
    impl.images.remove_snapshot(id);
    remove_tree(impl.directory(id));
    report.cleaned.push_back("container directory " + id);
  }
  for (const std::string& id : impl.images.snapshots()) {
    if (impl.store.container(id) || fs::exists(impl.directory(id))) continue;
    impl.images.remove_snapshot(id);
    report.cleaned.push_back("snapshot " + id);
  }
  for (const std::string& id : names_in(impl.options.run / "containers")) {
    if (impl.store.container(id) || fs::exists(impl.directory(id))) continue;
    impl.runtime.remove(id, true);
    remove_tree(impl.monitor_directory(id));
    report.cleaned.push_back("monitor directory " + id);
  }
}

// A restart for which nothing waits any more happens now. False when this is no such one.
bool go_on(Engine::Impl& impl, Locked& locked) {
  const bool lost = locked.record.phase == Phase::kRestarting &&
                    !impl.options.exit_command.empty() &&
                    !impl.is_restart_awaited(locked.record.id);
  if (!lost) return false;
  try {
    impl.go_on(locked);
  } catch (const Error& failure) {
    impl.warn(failure.what());  // it is told of as its start's failure, too
  }
  return true;
}

void settle_all(Engine::Impl& impl, RecoveryReport& report) {
  for (const ContainerRecord& before : impl.store.containers()) {
    // A record whose directory is gone: removed up to its last step.
    if (!fs::exists(impl.directory(before.id))) {
      if (!is_removal(before.phase) && before.phase != Phase::kCreating) continue;
      impl.take_down(before);
      impl.erase(before, before.phase != Phase::kRemoving);
      report.cleaned.push_back("container " + before.name);
      continue;
    }
    auto locked = impl.try_lock_container(before.id);
    const auto after = impl.store.container(before.id);
    if (!after) {
      report.cleaned.push_back("container " + before.name);
    } else if (locked && go_on(impl, *locked)) {
      report.adopted.push_back(before.name);
    } else if (locked && after->phase != before.phase) {
      report.adopted.push_back(before.name);
    } else if (is_active(impl.state_of(*after).status)) {
      report.kept.push_back(before.name);
    }
  }
}

void recover_networks(Engine::Impl& impl, RecoveryReport& report) {
  std::vector<network::NetworkSpec> networks;
  std::vector<std::string> kept;
  for (const NetworkRecord& network : impl.store.networks()) {
    if (network.subnet.empty()) continue;
    networks.push_back(Engine::Impl::spec_of(network));
  }
  for (const ContainerRecord& record : impl.store.containers()) {
    // Whoever is starting one now holds its lock, and its links are none of ours to judge.
    if (record.phase != Phase::kCreated && record.phase != Phase::kExited)
      kept.push_back(record.id);
  }
  if (networks.empty()) return;
  const UniqueFd lock =
      image::lock_file(impl.options.root / "networks.lock", image::LockMode::kExclusive);
  const network::Recovered recovered =
      impl.with_networks([&](network::Networks& kernel) { return kernel.recover(networks, kept); });
  for (const std::string& link : recovered.links) report.cleaned.push_back("network link " + link);
  for (const network::PublishedPort& port : recovered.ports) {
    report.cleaned.push_back("published port " + network::to_string(port));
  }
}

}  // namespace

RecoveryReport Engine::recover() {
  RecoveryReport report;
  for (const std::string& id : impl_->runtime.recover()) {
    report.cleaned.push_back("runtime state " + id);
  }
  settle_all(*impl_, report);
  clean_strays(*impl_, report);
  recover_networks(*impl_, report);
  for (const std::string& name : impl_->volumes.clean()) report.cleaned.push_back("volume " + name);
  impl_->images.collect();
  return report;
}

}  // namespace seatrial::core
