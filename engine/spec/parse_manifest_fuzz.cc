// Any bytes either are refused or survive being printed and read again, and what is read is never
// two documents at once.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/image.h"

namespace {

using namespace seatrial;

std::string print(const std::variant<spec::Manifest, spec::Index>& document) {
  if (const auto* index = std::get_if<spec::Index>(&document)) {
    try {
      spec::choose(*index, spec::host_platform());
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kNotFound) std::abort();
    }
    return spec::print_index(*index);
  }
  return spec::print_manifest(std::get<spec::Manifest>(document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string printed = print(spec::parse_manifest(text, ""));
    if (print(spec::parse_manifest(printed, "")) != printed) std::abort();
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
  }
  return 0;
}
