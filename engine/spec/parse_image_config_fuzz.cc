// Any bytes either are refused or survive being printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string printed;
  try {
    printed = spec::print_image_config(spec::parse_image_config(text));
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
    return 0;
  }
  if (spec::print_image_config(spec::parse_image_config(printed)) != printed) std::abort();
  return 0;
}
