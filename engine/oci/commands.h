// What each verb does.
#pragma once

#include "engine/oci/command_line.h"
#include "engine/oci/log.h"
#include "engine/runtime/runtime.h"
#include "engine/spec/config.h"

namespace seatrial::oci {

// Carries the verb out and returns the program's exit status. Throws Error.
int carry_out(const CommandLine& line, const Log& log);

// "seatrial-runtime version 0.1.0\ncommit: ...\nspec: 1.3.0\n": the three lines that go-runc reads.
std::string version_text();

// The exit status for an error: 255 for exec, as callers of runc know it, 1 for all else.
int failure_status(const CommandLine& line);

// "true", "false" (in Go's spellings) and "auto". Throws Error{kInvalidArgument}.
runtime::Rootless parse_rootless(std::string_view text);

// "UID[:GID]" and additional groups. Throws Error{kInvalidArgument}.
spec::User parse_user(std::string_view text);

}  // namespace seatrial::oci
