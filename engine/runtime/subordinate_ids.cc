#include "engine/runtime/subordinate_ids.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::runtime {
namespace {

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string content_of(const std::string& path) {
  try {
    return read_file(path);
  } catch (const Error&) {
    return {};  // absent: it gives nothing
  }
}

// A line may give more than there are numbers.
std::uint64_t end_of(IdRange range) {
  return range.start + std::min(range.count, ~std::uint64_t{0} - range.start);
}

// nsswitch.conf, "subid: sss": the files do not count then.
bool come_from_elsewhere() {
  const std::string text = content_of("/etc/nsswitch.conf");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with("subid:")) continue;
    line.remove_prefix(std::string_view("subid:").size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_first_of(" \t")) != "files";
  }
  return false;
}

}  // namespace

std::vector<IdRange> ranges_of(std::string_view text, std::string_view name, uid_t uid) {
  std::vector<IdRange> ranges;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const std::string_view user = take_until(line, ':');
    if (user != name && number(user) != uid) continue;
    const auto start = number(take_until(line, ':'));
    const auto count = number(line);
    if (start && count) ranges.push_back({.start = *start, .count = *count});
  }
  return ranges;
}

bool covers(std::vector<IdRange> ranges, IdRange wanted) {
  std::ranges::sort(ranges, {}, &IdRange::start);
  const std::uint64_t end = end_of(wanted);
  std::uint64_t next = wanted.start;
  for (const IdRange& each : ranges) {
    if (each.start > next) break;
    next = std::max(next, end_of(each));
  }
  return next >= end;
}

std::string user_name(uid_t uid) {
  const std::string text = content_of("/etc/passwd");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    const std::string_view name = take_until(line, ':');
    take_until(line, ':');
    if (number(take_until(line, ':')) == uid) return std::string(name);
  }
  return fmt::format("{}", uid);
}

void check_grants(const std::vector<spec::IdMapping>& mappings, std::string_view path,
                  std::string_view program, const Grants& grants) {
  if (come_from_elsewhere()) return;
  const std::string name = user_name(::getuid());
  const std::vector<IdRange> ranges = ranges_of(content_of(grants.file), name, ::getuid());
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const spec::IdMapping& each = mappings[i];
    if (each.size == 1 && each.host_id == grants.own_id) continue;
    if (covers(ranges, {.start = each.host_id, .count = each.size})) continue;
    throw error(Kind::kDenied,
                "{}[{}]: {} does not give the ids {} to {} to user {}: for {} to map them it needs "
                "a line \"{}:{}:{}\"",
                path, i, grants.file, each.host_id, std::uint64_t{each.host_id} + each.size - 1,
                name, program, name, each.host_id, each.size);
  }
}

}  // namespace seatrial::runtime
