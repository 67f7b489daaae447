// Any bytes either are refused or are a response made of nothing but these bytes.
#include <cstdint>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/runtime/criu_rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const runtime::criu::Response response = runtime::criu::parse_response(bytes);
    if (bytes.find(response.script) == bytes.npos) std::abort();
    if (bytes.find(response.message) == bytes.npos) std::abort();
    // What comes twice in a message counts as it comes last, so that the end repeats the whole.
    const auto twice = runtime::criu::parse_response(std::string(bytes) + std::string(bytes));
    if (twice.type != response.type || twice.success != response.success ||
        twice.script != response.script || twice.pid != response.pid ||
        twice.sys_errno != response.sys_errno || twice.message != response.message) {
      std::abort();
    }
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInternal) std::abort();
  }
  return 0;
}
