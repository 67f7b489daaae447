// Any bytes are a profile or an Error, and a profile that was read compiles or is an Error.
#include <string_view>

#include "engine/base/error.h"
#include "engine/security/docker_profile.h"
#include "engine/security/seccomp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  try {
    const security::ProfileHost host{.capabilities = 0xf0f0, .kernel_major = 5, .kernel_minor = 12};
    security::compile(security::parse_docker_profile(
        std::string_view(reinterpret_cast<const char*>(data), size), host));
  } catch (const Error&) {
  }
  return 0;
}
