#include <algorithm>
#include <charconv>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/sentinel/facts.h"

namespace seatrial::sentinel {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// mountinfo writes space, tab, newline and backslash as three octal digits.
std::string unescape(std::string_view field) {
  std::string plain;
  for (std::size_t i = 0; i < field.size(); ++i) {
    unsigned code = 0;
    if (field[i] == '\\' && i + 3 < field.size() &&
        std::from_chars(&field[i + 1], &field[i + 1] + 3, code, 8).ptr == &field[i + 1] + 3) {
      plain.push_back(static_cast<char>(code));
      i += 3;
    } else {
      plain.push_back(field[i]);
    }
  }
  return plain;
}

// id parent device root mountpoint options [tag...] - type source super-options. An empty source is
// written as nothing between two spaces.
MountFact parse_line(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, std::string_view("-"));
  MountFact mount;
  if (dash - fields.begin() < 6 || fields.end() - dash < 4 ||
      std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), mount.id).ec !=
          std::errc()) {
    throw error(Kind::kInternal, "mountinfo: \"{}\" is not a line of mountinfo", line);
  }
  mount.root = unescape(fields[3]);
  mount.mountpoint = unescape(fields[4]);
  mount.type = dash[1];
  mount.source = unescape(dash[2]);
  mount.super_options = dash[3];
  return mount;
}

}  // namespace

bool MountFact::operator==(const MountFact& other) const {
  return id == other.id && root == other.root && mountpoint == other.mountpoint &&
         type == other.type && source == other.source;
}

std::vector<MountFact> parse_mounts(std::string_view mountinfo) {
  std::vector<MountFact> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) mounts.push_back(parse_line(line));
  return mounts;
}

std::vector<MountFact> read_mounts(std::string_view pid) {
  return parse_mounts(read_file(fmt::format("/proc/{}/mountinfo", pid)));
}

std::vector<std::string> cgroup_mountpoints(const std::vector<MountFact>& mounts) {
  std::vector<std::string> mountpoints;
  std::set<std::string> seen;
  for (const MountFact& mount : mounts) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
    const std::string hierarchy = mount.type == "cgroup2" ? "" : mount.super_options;
    if (seen.insert(hierarchy).second) mountpoints.push_back(mount.mountpoint);
  }
  return mountpoints;
}

}  // namespace seatrial::sentinel
