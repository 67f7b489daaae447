// Descriptors that whoever started this program handed over by the protocol of sd_listen_fds(3).
#pragma once

namespace seatrial::oci {

// How many: 3, 4, ... are theirs. 0 where LISTEN_PID names another process, or nothing is said.
// Throws Error naming the variable whose value is no number.
unsigned activated_fds();

}  // namespace seatrial::oci
