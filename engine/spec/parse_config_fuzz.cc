// Any bytes either parse or are refused with a printable sentence; nothing else may happen.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/parse_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const spec::Config config = spec::parse_config(text, {.bundle = "/bundle"});
    if (config.root.path.empty() || config.oci_version.substr(0, 2) != "1.") std::abort();
    if (config.process && config.process->args.empty()) std::abort();
    for (const spec::Mount& mount : config.mounts) {
      if (mount.destination.empty()) std::abort();
      if (mount.options.bind && !mount.source.empty() && mount.source[0] != '/') std::abort();
    }
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
    for (const char c : failure.context()) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E)
        std::abort();
    }
  }
  return 0;
}
