// Any bytes either parse or are refused with a printable sentence; nothing else may happen. With a
// known seccomp profile, whether this text's or an earlier one's, the same comes of them.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/print_config.h"

namespace {

void expect_same_with_known_profile(std::string_view text, const std::string& printed) {
  using namespace seatrial::spec;
  static KnownSeccomp known;
  for (int turn = 0; turn < 2; ++turn) {
    const Config config = parse_config(text, {.bundle = "/bundle", .known_seccomp = &known});
    if (print_config(config) != printed) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<std::string> printed;
  try {
    const spec::Config config = spec::parse_config(text, {.bundle = "/bundle"});
    if (config.root.path.empty() || config.oci_version.substr(0, 2) != "1.") std::abort();
    if (config.process && config.process->args.empty()) std::abort();
    for (const spec::Mount& mount : config.mounts) {
      if (mount.destination.empty()) std::abort();
      if (mount.options.bind && !mount.source.empty() && mount.source[0] != '/') std::abort();
    }
    printed = spec::print_config(config);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
    for (const char c : failure.context()) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E)
        std::abort();
    }
  }
  if (printed) expect_same_with_known_profile(text, *printed);
  return 0;
}
