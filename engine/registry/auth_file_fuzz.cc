// Any bytes either parse or are refused with a sentence; nothing else may happen.
#include "engine/registry/auth_file.h"

#include <cstdint>
#include <cstdlib>

#include "engine/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const registry::AuthFile file = registry::AuthFile::parse(text, "config.json");
    const auto found = file.find("docker.io");
    if (found && found->user.empty() && found->identity_token.empty() &&
        found->registry_token.empty()) {
      std::abort();
    }
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
  }
  return 0;
}
