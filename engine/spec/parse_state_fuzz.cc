// Any bytes either are refused or survive being printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  spec::State state;
  try {
    state = spec::parse_state(text);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
    return 0;
  }
  const std::string printed = spec::print_state(state);
  if (spec::print_state(spec::parse_state(printed)) != printed) std::abort();
  const std::string specified = spec::print_specified(state);
  if (spec::print_specified(spec::parse_state(specified)) != specified) std::abort();
  return 0;
}
