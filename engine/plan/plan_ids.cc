// Users and groups of a configuration that its user namespace does not map: to the kernel such an
// id is an invalid argument, whichever call it is for.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/plan/parts.h"

namespace seatrial::plan {
namespace {

using spec::NamespaceType;

bool maps(std::span<const spec::IdMapping> map, std::uint32_t id) {
  return std::ranges::any_of(map, [id](const spec::IdMapping& each) {
    return id >= each.container_id && id - each.container_id < each.size;
  });
}

// What follows "uid=" or "gid=" in an option; nothing where that is no plain number, which is for
// the file system to judge.
std::optional<std::uint32_t> id_in(std::string_view option, std::string_view name) {
  if (!option.starts_with(name)) return std::nullopt;
  option.remove_prefix(name.size());
  std::uint32_t id = 0;
  const auto parsed = std::from_chars(option.data(), option.data() + option.size(), id);
  if (parsed.ec != std::errc() || parsed.ptr != option.data() + option.size()) return std::nullopt;
  return id;
}

class IdCheck {
 public:
  explicit IdCheck(const IdMaps& maps) : maps_(maps) {}

  void user(std::uint32_t id, std::string_view path) const {
    check(maps_.uids, id, path, "user", "linux.uidMappings");
  }
  void group(std::uint32_t id, std::string_view path) const {
    check(maps_.gids, id, path, "group", "linux.gidMappings");
  }

 private:
  void check(std::span<const spec::IdMapping> map, std::uint32_t id, std::string_view path,
             std::string_view what, std::string_view mappings) const {
    if (map.empty() || maps(map, id)) return;
    throw error(Kind::kInvalidArgument, "{}: {} {} is not mapped by {}", path, what, id,
                maps_.of_runtime ? "the user namespace of this process" : mappings);
  }

  const IdMaps& maps_;
};

void check_mount(const IdCheck& check, std::size_t index, const spec::Mount& mount) {
  if (mount.options.bind) return;
  for (const std::string& option : mount.options.data) {
    const std::string path = fmt::format("mounts[{}].options: {}", index, option);
    if (const auto uid = id_in(option, "uid=")) check.user(*uid, path);
    if (const auto gid = id_in(option, "gid=")) check.group(*gid, path);
  }
}

}  // namespace

IdMaps id_maps_of(const spec::Config& config, const HostFacts& host) {
  const spec::Namespace* const users = config.find_namespace(NamespaceType::kUser);
  if (users == nullptr) return {.uids = host.uid_map, .gids = host.gid_map, .of_runtime = true};
  if (!users->path.empty()) return {};
  return {.uids = config.linux_.uid_mappings, .gids = config.linux_.gid_mappings};
}

void refuse_unmapped_user(const spec::User& user, const IdMaps& maps) {
  const IdCheck check(maps);
  check.user(user.uid, "process.user.uid");
  check.group(user.gid, "process.user.gid");
  for (const std::uint32_t gid : user.additional_gids) {
    check.group(gid, "process.user.additionalGids");
  }
}

void refuse_unmapped_ids(const spec::Config& config, const IdMaps& maps) {
  if (config.process) refuse_unmapped_user(config.process->user, maps);
  const IdCheck check(maps);
  for (std::size_t i = 0; i < config.mounts.size(); ++i) check_mount(check, i, config.mounts[i]);
  for (std::size_t i = 0; i < config.linux_.devices.size(); ++i) {
    const spec::Device& device = config.linux_.devices[i];
    if (device.type != spec::DeviceType::kFifo) continue;  // the host's own is bound
    check.user(device.uid.value_or(0), fmt::format("linux.devices[{}].uid", i));
    check.group(device.gid.value_or(0), fmt::format("linux.devices[{}].gid", i));
  }
}

}  // namespace seatrial::plan
