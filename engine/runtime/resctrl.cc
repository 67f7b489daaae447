#include "engine/runtime/resctrl.h"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <algorithm>

#include "engine/base/files.h"
#include "engine/base/split.h"
#include "engine/sys/mount_table.h"

namespace seatrial::runtime {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::string canonical(std::string_view value) {
  value = trimmed(value);
  while (value.size() > 1 && value.front() == '0') value.remove_prefix(1);
  std::string text(value);
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void add_line(Schemata& schemata, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return;
  auto& domains = schemata[std::string(trimmed(line.substr(0, colon)))];
  for (const std::string_view domain : split(line.substr(colon + 1), ';')) {
    const std::size_t equals = domain.find('=');
    if (equals == domain.npos) continue;
    domains[canonical(domain.substr(0, equals))] = canonical(domain.substr(equals + 1));
  }
}

}  // namespace

std::optional<std::string> find_resctrl(std::string_view mountinfo, std::string_view type) {
  for (const sys::MountEntry& mount : sys::parse_mount_table(mountinfo)) {
    if (mount.type == type && mount.root == "/") return mount.mountpoint;
  }
  return std::nullopt;
}

// What the mount table says may be covered by another mount.
std::optional<std::string> find_resctrl(const ResctrlKind& kind) {
  auto place = find_resctrl(read_file("/proc/self/mountinfo"), kind.type);
  struct statfs found{};
  if (!place || ::statfs(place->c_str(), &found) != 0) return std::nullopt;
  if (found.f_type != kind.magic) return std::nullopt;
  return place;
}

Schemata parse_schemata(const std::vector<std::string>& lines) {
  Schemata schemata;
  for (const std::string& line : lines) add_line(schemata, line);
  return schemata;
}

Schemata parse_schemata(std::string_view text) {
  Schemata schemata;
  for (const std::string_view line : split(text, '\n')) add_line(schemata, line);
  return schemata;
}

std::optional<std::string> difference(const Schemata& present, const Schemata& wanted) {
  for (const auto& [resource, domains] : wanted) {
    const auto found = present.find(resource);
    if (found == present.end()) return fmt::format("nothing of {}", resource);
    for (const auto& [domain, value] : domains) {
      const auto there = found->second.find(domain);
      if (there == found->second.end()) return fmt::format("no {}:{}", resource, domain);
      if (there->second == value) continue;
      return fmt::format("{0}:{1}={2}, not {0}:{1}={3}", resource, domain, there->second, value);
    }
  }
  return std::nullopt;
}

}  // namespace seatrial::runtime
