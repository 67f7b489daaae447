// What create and restore share: everything about a new container but its processes.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/runtime/bundle.h"
#include "engine/runtime/container_cgroups.h"
#include "engine/runtime/impl.h"

namespace seatrial::runtime {

// With what is known before anything is made, in phase kCreating.
Record new_record(Runtime::Impl& impl, const Bundle& bundle, const std::string& id,
                  const ContainerCgroups& cgroups);

// Makes the cgroup with the configuration's limits and owner. The record knows it as soon as it is
// made.
void make_cgroup(Runtime::Impl& impl, const spec::Config& config, const std::string& id,
                 const ContainerCgroups& cgroups, Record& record);

// Where the master of process.terminal goes; nothing without a console socket. Throws Error where
// somebody would be left holding a master, or would wait for one that does not come.
UniqueFd connect_console_of(const spec::Config& config, const std::filesystem::path& console_socket,
                            bool detached);

// The state document's facts as the record has them.
spec::State state_of(const Record& record, const std::string& id, spec::Status status, pid_t pid);

}  // namespace seatrial::runtime
