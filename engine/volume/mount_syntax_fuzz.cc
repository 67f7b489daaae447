// Whatever a person types is either refused by Error or gives a spec that check() takes.
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/volume/mount_syntax.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace seatrial;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const auto parse :
       {volume::parse_volume_option, volume::parse_mount_option, volume::parse_tmpfs_option}) {
    volume::MountSpec spec;
    try {
      spec = parse(text);
    } catch (const Error&) {
      continue;
    }
    try {
      volume::check(spec);
    } catch (const Error&) {
      std::abort();
    }
  }
  return 0;
}
