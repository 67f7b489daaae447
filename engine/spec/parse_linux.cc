// The `linux` object, without its resources and sysctl.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr std::size_t kMostIdMappings = 340;        // user_namespaces(7), since Linux 4.15
constexpr std::int64_t kMajorMost = (1 << 12) - 1;  // the kernel's dev_t
constexpr std::int64_t kMinorMost = (1 << 20) - 1;
constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint32_t kNanosecondsMost = 999'999'999;

const Namespace* find(const std::vector<Namespace>& namespaces, NamespaceType type) {
  const auto entry = std::find_if(namespaces.begin(), namespaces.end(),
                                  [&](const Namespace& other) { return other.type == type; });
  return entry == namespaces.end() ? nullptr : &*entry;
}

std::vector<Namespace> parse_namespaces(const Reader& namespaces) {
  std::vector<Namespace> result;
  for (const Reader& element : namespaces.elements()) {
    const Reader type = element.require("type", "a namespace type");
    const std::optional<NamespaceType> known = namespace_type(type.string());
    if (!known) {
      type.refuse(fmt::format("is not a namespace type ({})", known_namespace_types()));
    }
    if (find(result, *known) != nullptr) {
      type.refuse("is given twice; each type of namespace may be listed once");
    }
    Namespace entry{.type = *known};
    const auto path = element.find("path");
    if (path && !path->string().empty()) entry.path = path->absolute_path();
    result.push_back(std::move(entry));
  }
  return result;
}

// Whether [first, first + size) and [other_first, other_first + other_size) share an id.
bool overlap(std::uint64_t first, std::uint64_t size, std::uint64_t other_first,
             std::uint64_t other_size) {
  return first < other_first + other_size && other_first < first + size;
}

IdMapping parse_id_mapping(const Reader& mapping) {
  const Reader size = mapping.require("size", "a number of ids");
  const IdMapping result{
      .container_id =
          mapping.require("containerID", "the first id in the container").integer<std::uint32_t>(),
      .host_id = mapping.require("hostID", "the first id on the host").integer<std::uint32_t>(),
      .size = size.integer<std::uint32_t>(1)};
  const std::uint64_t first = std::max(result.container_id, result.host_id);
  if (first + result.size > std::uint64_t{kHighestId} + 1) {
    size.refuse(fmt::format("ids from {} on go beyond the highest id, {}", first, kHighestId));
  }
  return result;
}

// Device node number `key`; a FIFO has none.
std::int64_t parse_device_number(const Reader& device, std::string_view key, DeviceType type,
                                 std::int64_t most) {
  if (type == DeviceType::kFifo) {
    return device.optional_integer<std::int64_t>(key, 0, most).value_or(0);
  }
  return device.require(key, "a device number").integer<std::int64_t>(0, most);
}

Device parse_device(const Reader& device) {
  Device result;
  const Reader type = device.require("type", "a type of device (c, b, u, p)");
  const std::optional<DeviceType> known = device_type(type.string());
  if (!known) type.refuse("is not a type of device (c, b, u, p)");
  result.type = *known;
  result.path = device.require("path", "an absolute path").absolute_path();
  result.major = parse_device_number(device, "major", result.type, kMajorMost);
  result.minor = parse_device_number(device, "minor", result.type, kMinorMost);
  // Callers put the file type in as well, as stat(2) gives it.
  if (const auto mode = device.optional_integer<std::uint32_t>("fileMode")) {
    result.file_mode = *mode & kModeBits;
  }
  result.uid = device.optional_integer<std::uint32_t>("uid", 0, kHighestId);
  result.gid = device.optional_integer<std::uint32_t>("gid", 0, kHighestId);
  return result;
}

std::vector<IdMapping> parse_user_mappings(const Reader& section, std::string_view key,
                                           const std::vector<Namespace>& namespaces) {
  const auto mappings = section.find(key);
  if (!mappings) return {};
  std::vector<IdMapping> result = parse_id_mappings(*mappings);
  if (!result.empty() && find(namespaces, NamespaceType::kUser) == nullptr) {
    mappings->refuse_whole("needs a namespace of type user in linux.namespaces");
  }
  return result;
}

std::map<std::string, TimeOffset> parse_time_offsets(const Reader& offsets,
                                                     const std::vector<Namespace>& namespaces) {
  std::map<std::string, TimeOffset> result;
  for (const auto& [clock, offset] : offsets.members()) {
    if (clock != "monotonic" && clock != "boottime") {
      offset.refuse_whole("is not a clock with an offset (monotonic, boottime)");
    }
    const auto nanosecs = offset.optional_integer<std::uint32_t>("nanosecs", 0, kNanosecondsMost);
    result[clock] = {.secs = offset.optional_integer<std::int64_t>("secs").value_or(0),
                     .nanosecs = nanosecs.value_or(0)};
  }
  if (result.empty()) return result;
  const Namespace* const time = find(namespaces, NamespaceType::kTime);
  if (time == nullptr) {
    offsets.refuse_whole("needs a namespace of type time in linux.namespaces");
  }
  if (!time->path.empty()) {
    offsets.refuse_whole("needs a new time namespace; the clocks of a joined one are set already");
  }
  return result;
}

std::string parse_cgroups_path(const Reader& section) {
  const auto member = section.find("cgroupsPath");
  if (!member) return {};
  std::string path = member->string();
  // One slash at each end makes every component look alike.
  if (fmt::format("/{}/", path).find("/../") != std::string::npos) {
    member->refuse("climbs out of its hierarchy; '..' may not occur in it");
  }
  return path;
}

std::uint64_t parse_propagation(const Reader& section) {
  const auto member = section.find("rootfsPropagation");
  if (!member || member->string().empty()) return 0;
  const std::optional<std::uint64_t> flag = propagation_flag(member->string());
  if (!flag) member->refuse("is not a mount propagation (shared, slave, private, unbindable)");
  return *flag;
}

}  // namespace

std::vector<IdMapping> parse_id_mappings(const Reader& mappings) {
  const std::vector<Reader> elements = mappings.elements();
  if (elements.size() > kMostIdMappings) {
    mappings.refuse_whole(fmt::format("has {} entries; the kernel takes at most {}",
                                      elements.size(), kMostIdMappings));
  }
  std::vector<IdMapping> result;
  for (const Reader& element : elements) {
    const IdMapping mapping = parse_id_mapping(element);
    for (const IdMapping& other : result) {
      if (overlap(mapping.container_id, mapping.size, other.container_id, other.size) ||
          overlap(mapping.host_id, mapping.size, other.host_id, other.size)) {
        element.refuse_whole("maps ids that an earlier entry maps as well");
      }
    }
    result.push_back(mapping);
  }
  return result;
}

Linux parse_linux(const Reader& section) {
  Linux result;
  if (const auto namespaces = section.find("namespaces")) {
    result.namespaces = parse_namespaces(*namespaces);
  }
  result.uid_mappings = parse_user_mappings(section, "uidMappings", result.namespaces);
  result.gid_mappings = parse_user_mappings(section, "gidMappings", result.namespaces);
  if (const auto offsets = section.find("timeOffsets")) {
    result.time_offsets = parse_time_offsets(*offsets, result.namespaces);
  }
  if (const auto devices = section.find("devices")) {
    for (const Reader& device : devices->elements()) result.devices.push_back(parse_device(device));
  }
  if (const auto devices = section.find("netDevices")) {
    result.net_devices = parse_net_devices(*devices, result.namespaces);
  }
  result.cgroups_path = parse_cgroups_path(section);
  if (const auto resources = section.find("resources")) {
    result.resources = parse_resources(*resources);
  }
  result.rootfs_propagation = parse_propagation(section);
  result.mount_label = section.string_or_empty("mountLabel");
  if (const auto sysctl = section.find("sysctl")) {
    result.sysctl = parse_sysctl(*sysctl, result.namespaces);
  }
  if (const auto paths = section.find("maskedPaths")) {
    result.masked_paths = paths->absolute_paths();
  }
  if (const auto paths = section.find("readonlyPaths")) {
    result.readonly_paths = paths->absolute_paths();
  }
  if (const auto seccomp = section.find("seccomp")) {
    result.seccomp = parse_seccomp(*seccomp);
  }
  if (const auto personality = section.find("personality")) {
    result.personality = parse_personality(*personality);
  }
  if (const auto policy = section.find("memoryPolicy")) {
    result.memory_policy = parse_memory_policy(*policy);
  }
  // An empty one asks for a class of the container's own.
  if (const auto rdt = section.find("intelRdt")) result.intel_rdt = parse_intel_rdt(*rdt);
  return result;
}

}  // namespace seatrial::spec
