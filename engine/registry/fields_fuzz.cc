// No field of a hostile server does harm; what parses keeps the promises of the header.
#include "engine/registry/fields.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial::registry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto wait = parse_retry_after(text, std::chrono::system_clock::time_point());
  if (wait && wait->count() < 0) std::abort();
  if (const auto range = parse_content_range(text)) {
    if (range->last < range->first || (range->total && *range->total <= range->last)) std::abort();
  }
  if (const auto link = next_link(text); link && link->size() >= size) std::abort();
  if (decode_base64(base64(text)) != text) std::abort();
  decode_base64(text);
  for (const char c : printable(text)) {
    if (c < 0x20 || c > 0x7E) std::abort();
  }
  return 0;
}
