// A list of options, one a line, never asks for an attribute and its opposite.
#include <linux/mount.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/spec/mount_options.h"

namespace {

void check(std::uint64_t set, std::uint64_t clear) {
  constexpr std::uint64_t kField = MOUNT_ATTR__ATIME;
  if ((set & clear & ~kField) != 0) std::abort();
  if ((set & kField) != 0 && (clear & kField) != kField) std::abort();
  if ((set & kField) == kField) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> options;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    options.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  const seatrial::spec::MountOptions result = seatrial::spec::parse_mount_options(options);
  check(result.attributes_set, result.attributes_clear);
  check(result.recursive_attributes_set, result.recursive_attributes_clear);
  for (const std::string& entry : result.data) {
    if (entry.empty()) std::abort();
  }
  return 0;
}
