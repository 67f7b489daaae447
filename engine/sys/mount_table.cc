#include "engine/sys/mount_table.h"

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/split.h"

namespace seatrial::sys {
namespace {

// Space, tab, newline and backslash stand there as three octal digits.
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
MountEntry parse_line(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, std::string_view("-"));
  MountEntry entry;
  if (dash - fields.begin() < 6 || fields.end() - dash < 4 ||
      std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), entry.id).ec !=
          std::errc()) {
    throw error(Kind::kInvalidArgument, "mountinfo: \"{}\" is not a line of mountinfo", line);
  }
  entry.root = unescape(fields[3]);
  entry.mountpoint = unescape(fields[4]);
  entry.type = dash[1];
  entry.source = unescape(dash[2]);
  entry.super_options = dash[3];
  return entry;
}

}  // namespace

std::vector<MountEntry> parse_mount_table(std::string_view mountinfo) {
  std::vector<MountEntry> entries;
  for (const std::string_view line : split(mountinfo, '\n')) entries.push_back(parse_line(line));
  return entries;
}

}  // namespace seatrial::sys
