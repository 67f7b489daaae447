// Descriptors 0, 1 and 2 of a program that was started without them.
#pragma once

namespace seatrial::sys {

// Opens /dev/null on those of 0, 1 and 2 that are closed. Before anything else is opened: what took
// one of these numbers would be handed to a container as its standard input or output. Throws
// Error.
void occupy_standard_descriptors();

}  // namespace seatrial::sys
