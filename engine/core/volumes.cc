// Volumes: engine/volume's directories, and who uses them.
#include <algorithm>

#include "engine/base/error.h"
#include "engine/core/filters.h"
#include "engine/core/impl.h"

namespace seatrial::core {
namespace {

VolumeInfo info_of(Store& store, const volume::Volume& volume) {
  return {.name = volume.name,
          .mountpoint = volume.mountpoint,
          .created = volume.created,
          .labels = volume.labels,
          .anonymous = volume.anonymous,
          .ref_count = static_cast<int>(store.users_of_volume(volume.name).size())};
}

}  // namespace

VolumeInfo Engine::create_volume(const VolumeRequest& request) {
  if (request.driver != "local") {
    throw error(Kind::kUnsupported, "the volume driver {} is not there; local is", request.driver);
  }
  if (!request.driver_opts.empty()) {
    throw error(Kind::kUnsupported, "options of the local volume driver are not supported yet");
  }
  const bool is_new = request.name.empty() || !impl_->volumes.has(request.name);
  const volume::Volume volume = impl_->volumes.create(request.name, request.labels);
  if (is_new) impl_->event("volume", "create", volume.name, {{"driver", "local"}});
  return info_of(impl_->store, volume);
}

std::vector<VolumeInfo> Engine::volumes(const Filters& filters) {
  check_filters(filters, {"name", "label", "driver", "dangling"});
  std::vector<VolumeInfo> infos;
  for (const volume::Volume& volume : impl_->volumes.list()) {
    VolumeInfo info = info_of(impl_->store, volume);
    const auto keep = [&](const auto& filter) {
      const auto& [key, values] = filter;
      if (key == "label") return labels_match(info.labels, values);
      return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        if (key == "name") return name_matches(info.name, value);
        if (key == "driver") return value == info.driver;
        return (value == "true" || value == "1") == (info.ref_count == 0);
      });
    };
    if (std::all_of(filters.begin(), filters.end(), keep)) infos.push_back(std::move(info));
  }
  return infos;
}

VolumeInfo Engine::inspect_volume(const std::string& volume) {
  return info_of(impl_->store, impl_->volumes.find(volume));
}

void Engine::remove_volume(const std::string& volume, bool force) {
  try {
    // The transaction keeps a container from taking it into use meanwhile.
    Transaction transaction(impl_->store.database());
    impl_->volumes.remove(volume, impl_->store.users_of_volume(volume));
    transaction.commit();
  } catch (const Error& failure) {
    if (force && failure.kind() == Kind::kNotFound) return;
    throw;
  }
  impl_->event("volume", "destroy", volume, {{"driver", "local"}});
}

PruneResult Engine::prune_volumes(bool all, const Filters& filters) {
  check_filters(filters, {"label", "label!"});
  PruneResult result;
  for (const volume::Volume& volume : impl_->volumes.list()) {
    if ((!all && !volume.anonymous) || !impl_->store.users_of_volume(volume.name).empty()) continue;
    if (!may_go(filters, {}, volume.labels)) continue;
    const std::uint64_t bytes = impl_->volumes.size(volume.name);
    try {
      remove_volume(volume.name);
    } catch (const Error& failure) {
      if (failure.kind() == Kind::kConflict || failure.kind() == Kind::kNotFound) continue;
      throw;
    }
    result.deleted.push_back(volume.name);
    result.space_reclaimed += bytes;
  }
  return result;
}

}  // namespace seatrial::core
