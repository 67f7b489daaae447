// linux.intelRdt.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr std::size_t kNameMost = 255;  // NAME_MAX

constexpr const char* kNoSchema =
    "is no line of a schemata file: RESOURCE:DOMAIN=VALUE, with more domains behind a ';' each, as "
    "in \"L3:0=7f0;1=1f\" or \"MB:0=20;1=70\"";

// Why it can be no directory of a class; nothing where it can.
std::string fault_of(std::string_view name) {
  constexpr std::array<std::string_view, 3> kTaken{"info", "mon_groups", "mon_data"};
  if (name == "/") return {};
  if (name == "." || name == ".." || name.find_first_of("/\n") != std::string_view::npos) {
    return "is no name of a directory of resctrl, nor \"/\", the default class";
  }
  if (name.size() > kNameMost) {
    return fmt::format("is too long for a directory: it may have {} bytes", kNameMost);
  }
  if (std::ranges::find(kTaken, name) != kTaken.end()) {
    return "is no class: resctrl has a directory of that name for itself";
  }
  return {};
}

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// Whether a bit mask fits is for the kernel to say, which knows the processor.
bool is_schema(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos ||
      !consists_of(line.substr(0, colon), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")) {
    return false;
  }
  for (std::size_t begin = colon + 1; begin <= line.size();) {
    const std::size_t end = std::min(line.find(';', begin), line.size());
    const std::string_view domain = line.substr(begin, end - begin);
    const std::size_t equals = domain.find('=');
    if (equals == std::string_view::npos || !consists_of(domain.substr(0, equals), "0123456789") ||
        !consists_of(domain.substr(equals + 1), "0123456789abcdefABCDEF")) {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

void check_schema(const Reader& member, const std::string& line) {
  if (line.find('\n') != std::string::npos) member.refuse("has a newline: it may be one line only");
  if (!is_schema(line)) member.refuse(kNoSchema);
}

// The specification has it begin with L3: and hold no newline, but only as what should be.
std::string parse_l3(const Reader& member) {
  IntelRdt alone{.clos_id = {}, .l3_cache_schema = member.string()};
  const std::vector<std::string> lines = alone.lines();
  if (!alone.l3_cache_schema.empty() && lines.empty()) member.refuse(kNoSchema);
  for (const std::string& line : lines) {
    if (!is_schema(line)) member.refuse(kNoSchema);
  }
  return std::move(alone.l3_cache_schema);
}

std::string parse_bandwidth(const Reader& member) {
  std::string line = member.string();
  if (line.empty()) return line;
  check_schema(member, line);
  if (!line.starts_with("MB:")) member.refuse("must begin with \"MB:\"");
  return line;
}

}  // namespace

IntelRdt parse_intel_rdt(const Reader& section) {
  IntelRdt result;
  if (const auto name = section.find("closID")) {
    result.clos_id = name->string();
    if (const std::string fault = fault_of(result.clos_id); !fault.empty()) name->refuse(fault);
  }
  if (const auto schema = section.find("l3CacheSchema")) result.l3_cache_schema = parse_l3(*schema);
  if (const auto schema = section.find("memBwSchema")) {
    result.mem_bw_schema = parse_bandwidth(*schema);
  }
  if (const auto schemata = section.find("schemata")) {
    for (const Reader& element : schemata->elements()) {
      result.schemata.push_back(element.string());
      check_schema(element, result.schemata.back());
    }
  }
  result.enable_monitoring = section.boolean_or_false("enableMonitoring");
  return result;
}

}  // namespace seatrial::spec
