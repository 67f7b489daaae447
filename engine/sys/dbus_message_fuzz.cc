// Any bytes either are refused or are a message whose parts can be read.
#include "engine/sys/dbus_message.h"

#include <cstdint>
#include <cstdlib>

#include "engine/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const sys::DbusMessage message = sys::parse_dbus(bytes);
    if (message.body.size() > bytes.size()) std::abort();
    sys::DbusReader body(message.body);
    body.uint32();
    for (int i = 0; i < 3; ++i) body.string();
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
  }
  return 0;
}
