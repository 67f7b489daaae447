// What list and ps print.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/spec/state.h"

namespace seatrial::oci {

std::string states_json(const std::vector<spec::State>& states);
// ID, PID, STATUS, BUNDLE, CREATED, OWNER.
std::string states_table(const std::vector<spec::State>& states);

std::string pids_json(const std::vector<pid_t>& pids);
// What ps(1) with these options (default: -ef) prints about these processes. Throws Error when it
// fails or prints no PID column.
std::string processes_table(const std::vector<pid_t>& pids, std::vector<std::string> options);

// The header and the lines of `text` whose PID column names one of `pids`.
std::string only_processes(std::string_view text, const std::vector<pid_t>& pids);

}  // namespace seatrial::oci
