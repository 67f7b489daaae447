#include "engine/init/image.h"

// The file's bytes between two symbols. SEATRIAL_INIT_PATH comes from the build.
asm(".pushsection .rodata.seatrial_init_image, \"a\"\n"
    ".balign 16\n"
    ".globl seatrial_init_image_begin\n"
    "seatrial_init_image_begin:\n"
    ".incbin \"" SEATRIAL_INIT_PATH
    "\"\n"
    ".globl seatrial_init_image_end\n"
    "seatrial_init_image_end:\n"
    ".popsection\n");

extern "C" {
extern const std::byte seatrial_init_image_begin[];
extern const std::byte seatrial_init_image_end[];
}

namespace seatrial::init {

std::span<const std::byte> image() {
  return {seatrial_init_image_begin, seatrial_init_image_end};
}

}  // namespace seatrial::init
