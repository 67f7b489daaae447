// What each verb does.
#pragma once

#include <functional>

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

struct UserIds {
  std::uint32_t uid = 0;
  std::optional<std::uint32_t> gid = {};
};

// "UID[:GID]". Throws Error{kInvalidArgument}.
UserIds parse_user(std::string_view text);

// The values of exec's options, as they are. Throw Error{kInvalidArgument} for a directory that is
// not absolute, and a variable that is not NAME=VALUE.
std::string parse_directory(const std::string& text);
std::vector<std::string> parse_variables(std::vector<std::string> texts);

// For checkpoint's --status-fd: writes a zero byte there and hangs up, once. Nothing where the
// option is not given. Throws Error{kInvalidArgument} for a descriptor that nobody can write to;
// the call throws where nobody reads.
std::function<void()> status_teller(const GivenOptions& options);

}  // namespace seatrial::oci
