// The sections of config.json, one printer each. Internal to this room: callers use print_config.h.
#pragma once

#include "engine/spec/config.h"
#include "engine/spec/json_writer.h"

namespace seatrial::spec {

// Writes the member "resources" of the object that is open.
void print_resources(JsonWriter& json, const Resources& resources);

// The members of "process" and of "linux" about scheduling.
void print_scheduling(JsonWriter& json, const Process& process);
void print_scheduling(JsonWriter& json, const Linux& section);

}  // namespace seatrial::spec
