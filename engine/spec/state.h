// The runtime specification's state document (runtime.md, "State").
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>

namespace seatrial::spec {

enum class Status { kCreating, kCreated, kRunning, kStopped, kPaused };

std::string_view to_string(Status status);

struct State {
  std::string oci_version = {};
  std::string id = {};
  Status status = Status::kCreating;
  pid_t pid = 0;  // 0: there is no process, as for a stopped container
  std::string bundle = {};
  std::string rootfs = {};  // not in the specification; callers of runc read it from list and state
  std::string created = {};  // RFC 3339 with nanoseconds, UTC; the same
  std::string owner = {};    // the user who made it; the same
  std::map<std::string, std::string> annotations = {};
};

// The document as the specification has it (what hooks get on stdin), on one line. Without a pid
// where there is no process.
std::string print_specified(const State& state);

// The container process state (config-linux.md, "Seccomp") that goes with the descriptor of a
// listener for the process `pid`, on one line.
std::string print_process_state(const State& state, pid_t pid, std::string_view metadata);

// The specification's fields and those that callers of runc read (rootfs, created, owner, and
// a pid of 0), indented.
std::string print_state(const State& state);

// Reads either form. Throws Error{kInvalidArgument} naming the JSON path.
State parse_state(std::string_view json);

}  // namespace seatrial::spec
