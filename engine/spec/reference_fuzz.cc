// Any bytes either are refused or name the same image again in both printed forms.
#include "engine/spec/reference.h"

#include <cstdint>
#include <cstdlib>

#include "engine/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  spec::Reference reference;
  try {
    reference = spec::parse_reference(text);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
    return 0;
  }
  if (spec::parse_reference(reference.canonical()) != reference) std::abort();
  if (spec::parse_reference(reference.familiar()) != reference) std::abort();
  return 0;
}
