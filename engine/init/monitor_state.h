// What the monitor knows, and its parts in order of their turn.
#pragma once

#include "engine/init/monitor_attach.h"
#include "engine/init/monitor_log.h"
#include "engine/plan/wire.h"

namespace seatrial::init {

// One, in the image's zeroed memory, of which only what is used ever becomes pages.
struct Monitor {
  const char* const* exit_command;  // NULL-terminated, maybe empty; the environment is behind it
  bool terminal;
  bool wants_stdin;
  bool stdin_once;

  int control;  // -1 once the runtime has let go
  int directory;
  int listener;
  int alive;    // whose end tells those who wait for `exit` to look
  int signals;  // signalfd for SIGCHLD
  int out;      // what the container writes; the terminal's master. -1 at the end
  int err;

  int launcher;                   // its process id; 0 once it is reaped
  volatile std::int32_t* cloned;  // init's process id, from the moment of its clone on; 0 before
  bool created;                   // the container is to outlive the runtime
  bool ended;                     // init is reaped
  int code;                       // how it ended
  Moment finished;

  char own_oom_score[8];  // what the exit command gets back
  Log log;
  Lines out_lines;
  Lines err_lines;
  Input input;
  Clients clients;
};

// monitor_watch.cc: carries bytes until the container has ended and the runtime has let go.
void watch(Monitor& monitor);

// monitor_end.cc
// Tells how the container ended, then becomes the exit command or ends.
[[noreturn]] void conclude(Monitor& monitor);
// Kills what there is of the container and ends; nothing is told and nothing stays.
[[noreturn]] void abandon(Monitor& monitor);

}  // namespace seatrial::init
