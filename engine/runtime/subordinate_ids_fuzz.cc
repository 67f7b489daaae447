// Whatever /etc/subuid says, what it gives reads as itself, and covers every id that it gives.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "engine/runtime/subordinate_ids.h"

namespace {

using seatrial::runtime::IdRange;
using seatrial::runtime::ranges_of;

constexpr std::uint64_t kIds = std::uint64_t{1} << 32;

void check_coverage(const std::vector<IdRange>& ranges, const IdRange& each) {
  if (each.start >= kIds) return;
  const IdRange ids{.start = each.start, .count = std::min(each.count, kIds - each.start)};
  if (!covers(ranges, ids)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<IdRange> ranges = ranges_of(text, "ada", 1000);
  std::string printed;
  for (const IdRange& each : ranges) {
    printed += fmt::format("ada:{}:{}\n", each.start, each.count);
    check_coverage(ranges, each);
  }
  const std::vector<IdRange> again = ranges_of(printed, "ada", 1000);
  const bool same = std::equal(ranges.begin(), ranges.end(), again.begin(), again.end(),
                               [](const IdRange& one, const IdRange& other) {
                                 return one.start == other.start && one.count == other.count;
                               });
  if (!same) std::abort();
  if (!ranges_of(printed, "eve", 1001).empty()) std::abort();
  return 0;
}
