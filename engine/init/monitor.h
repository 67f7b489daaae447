// The monitor: what stays with a detached container. It owns the container's stdio and its log, is
// the parent of its init, and tells how it ended.
//
// The runtime starts `seatrial-init monitor BASE ...` (wire.h, "The monitor"), which forks the
// monitor and ends, so that the monitor is nobody's zombie. The monitor forks the launcher, the
// same image, whose CLONE_PARENT makes init the monitor's child.
//
// While the control socket is open, the runtime answers for the container: the monitor reaps
// nothing and concludes nothing. Afterwards the monitor answers for it alone.
//
// The exit command runs in the monitor's place at the end, unless the client that was there from
// the start has settled the container meanwhile.
//
// Init gets SIGKILL when the monitor dies (PR_SET_PDEATHSIG): a container whose output is read by
// nobody, and of whose end nobody will know, does not go on.
#pragma once

namespace seatrial::init {

// `arguments`: argv from "monitor" on, NULL-terminated, with the environment behind it.
[[noreturn]] void monitor(const char* const* arguments);

}  // namespace seatrial::init
