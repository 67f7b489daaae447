// What the host is, for the head of every report.
#pragma once

#include "harness/report/report.h"

namespace seatrial::harness {

// Of the host that this process runs on, with the present time as its start.
HostInfo host_info();

}  // namespace seatrial::harness
