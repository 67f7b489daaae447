// Any text either is refused or is a map of ids: a mapping in each of its lines, which reads as
// itself.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/runtime/own_rights.h"

namespace {

using seatrial::spec::IdMapping;

// Those that are not blank.
std::size_t lines_of(std::string_view text) {
  std::size_t lines = 0;
  bool blank = true;
  for (const char each : text) {
    if (each != '\n' && each != ' ' && blank) ++lines;
    blank = each == '\n' || (blank && each == ' ');
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::vector<IdMapping> map = runtime::parse_id_map(text);
    if (map.size() != lines_of(text)) std::abort();
    std::string printed;
    for (const IdMapping& each : map) {
      printed += fmt::format("{:10} {:10} {:10}\n", each.container_id, each.host_id, each.size);
    }
    const std::vector<IdMapping> again = runtime::parse_id_map(printed);
    const bool same = std::equal(map.begin(), map.end(), again.begin(), again.end(),
                                 [](const IdMapping& one, const IdMapping& other) {
                                   return one.container_id == other.container_id &&
                                          one.host_id == other.host_id && one.size == other.size;
                                 });
    if (!same) std::abort();
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
  }
  return 0;
}
