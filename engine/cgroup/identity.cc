// An Identity as text: a line each member, fields parted by tabs.
//   v1|v2 <tab> hierarchy <tab> directory <tab> cgroup { <tab> inode <tab> path of a made directory
//   }
#include <charconv>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {
namespace {

// A cgroup's name may hold any byte but a newline (the kernel refuses it) and a slash.
std::string escape(std::string_view field) {
  if (field.find_first_of("\t%") == field.npos) return std::string(field);
  std::string escaped;
  for (const char c : field) {
    if (c == '\t' || c == '%') {
      escaped.append(c == '\t' ? "%09" : "%25");
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string unescape(std::string_view field) {
  if (field.find('%') == field.npos) return std::string(field);
  std::string plain;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '%') {
      plain.push_back(field[i]);
      continue;
    }
    const std::string_view code = field.substr(i, 3);
    if (code != "%09" && code != "%25") {
      throw error(Kind::kInvalidArgument, "cgroup identity: \"{}\" has a broken escape", field);
    }
    plain.push_back(code == "%09" ? '\t' : '%');
    i += 2;
  }
  return plain;
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const std::size_t end = line.find('\t');
    fields.push_back(unescape(line.substr(0, end)));
    if (end == line.npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) {
    throw error(Kind::kInvalidArgument, "cgroup identity: \"{}\" is not an inode number", text);
  }
  return value;
}

Membership parse_member(std::string_view line) {
  const std::vector<std::string> fields = fields_of(line);
  if (fields.size() < 4 || fields.size() % 2 != 0 || (fields[0] != "v1" && fields[0] != "v2") ||
      !fields[2].starts_with('/') || !fields[3].starts_with('/')) {
    throw error(Kind::kInvalidArgument, "cgroup identity: \"{}\" is not a member's line", line);
  }
  Membership member{.hierarchy = fields[1],
                    .directory = fields[2],
                    .cgroup = fields[3],
                    .v2 = fields[0] == "v2",
                    .made = {}};
  for (std::size_t i = 4; i < fields.size(); i += 2) {
    member.made.push_back({.path = fields[i + 1], .inode = number(fields[i])});
  }
  return member;
}

}  // namespace

std::string print_identity(const Identity& identity) {
  std::string text;
  for (const Membership& member : identity.members) {
    text += fmt::format("{}\t{}\t{}\t{}", member.v2 ? "v2" : "v1", escape(member.hierarchy),
                        escape(member.directory), escape(member.cgroup));
    for (const MadeDirectory& made : member.made) {
      text += fmt::format("\t{}\t{}", made.inode, escape(made.path));
    }
    text += '\n';
  }
  return text;
}

Identity parse_identity(std::string_view text) {
  Identity identity;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) {
      throw error(Kind::kInvalidArgument, "cgroup identity: the text ends within a line");
    }
    identity.members.push_back(parse_member(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return identity;
}

}  // namespace seatrial::cgroup
