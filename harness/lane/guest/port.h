// The guest's only way out: frames through a port of the virtio console.
#pragma once

#include <string_view>

#include "harness/lane/wire.h"

namespace seatrial::lane::guest {

// Waits for the device, whose driver may still be looking around. False: it does not come.
bool open_port();

// Blocks while the host does not read. Longer payloads become several frames. Before open_port() a
// fault goes to the console instead, and the rest nowhere.
void send(wire::FrameType type, std::string_view payload);

// Says why the machine is of no use, and turns it off. `what` is a sentence; errno is added.
[[noreturn]] void give_up(std::string_view what, int sys_errno);

[[noreturn]] void power_off();

}  // namespace seatrial::lane::guest
