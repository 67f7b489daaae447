// The `mounts` array.
#include <fmt/format.h>

#include "engine/spec/mount_options.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

void parse_mappings(const Reader& mount, Mount& result) {
  const auto uid_mappings = mount.find("uidMappings");
  const auto gid_mappings = mount.find("gidMappings");
  if (uid_mappings) result.uid_mappings = parse_id_mappings(*uid_mappings);
  if (gid_mappings) result.gid_mappings = parse_id_mappings(*gid_mappings);
  if (result.uid_mappings.empty() != result.gid_mappings.empty()) {
    mount.refuse_whole("has only one of uidMappings and gidMappings; a mount needs both or none");
  }
}

void parse_options(const Reader& mount, const MountContext& context, Mount& result) {
  const auto options = mount.find("options");
  if (!options) return;
  result.raw_options = options->strings();
  result.options = parse_mount_options(result.raw_options);
  if (result.options.copy_up && result.type != "tmpfs") {
    options->refuse_whole("tmpcopyup is for mounts of type tmpfs");
  }
  if (!result.options.idmap) return;
  if (result.uid_mappings.empty() && !context.has_user_namespace) {
    options->refuse_whole(
        "idmap needs uidMappings and gidMappings of the mount, or a user namespace");
  }
}

Mount parse_mount(const Reader& mount, const MountContext& context) {
  Mount result;
  // Relative is deprecated and means relative to the container's root.
  result.destination = mount.require("destination", "a path in the container").filled_string();
  result.type = mount.string_or_empty("type");
  result.source = mount.string_or_empty("source");
  parse_mappings(mount, result);
  parse_options(mount, context, result);

  // "bind" is no file system; callers write it as the type of what it says.
  if (result.type == "bind") result.options.bind = true;
  if (result.options.bind) {
    if (result.source.empty() && !result.options.remount) {
      mount.refuse_whole("has no source; a bind mount needs the path of what it binds");
    }
    if (!result.source.empty() && result.source.front() != '/') {
      result.source = fmt::format("{}/{}", context.bundle, result.source);
    }
  } else if (result.type.empty() && !result.options.remount) {
    mount.refuse_whole(
        "has no type; a mount needs the name of a file system or the option bind or rbind");
  }
  return result;
}

}  // namespace

std::vector<Mount> parse_mounts(const Reader& mounts, const MountContext& context) {
  std::vector<Mount> result;
  for (const Reader& mount : mounts.elements()) {
    result.push_back(parse_mount(mount, context));
  }
  return result;
}

}  // namespace seatrial::spec
