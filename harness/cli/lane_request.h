// What `lane run` and `conform --lane` ask of a lane alike. Internal to this room.
#pragma once

#include "harness/cli/settings.h"
#include "harness/lane/lane.h"

namespace seatrial::cli {

// Size, time, cache and console as the command line has them; `seconds` where it names no time.
lane::LaneRequest lane_request(const Settings& settings, int seconds);

// Passes both streams on to this program's own; the files of a job go nowhere.
lane::Sinks own_streams();

}  // namespace seatrial::cli
