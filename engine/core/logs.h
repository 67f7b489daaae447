// Reading a container's log: files in Docker's json-file format, LOG the newest, then LOG.1, LOG.2.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/core/container_types.h"

namespace seatrial::core {

// {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}. Nothing for a line
// that is none: the last one of a file may be half written.
std::optional<LogEntry> parse_log_line(std::string_view line);

// What `options` choose of the log, oldest first. With `follow`, goes on while `alive` holds, and
// once more after it has ceased to; waits for changes of the directories of the log and, beside it,
// `also_watch` (where the end of the container shows). Stops when the sink or `go_on` returns
// false.
void read_log(const std::filesystem::path& log, const LogOptions& options,
              const std::filesystem::path& also_watch, const std::function<bool()>& alive,
              const std::function<bool(const LogEntry&)>& sink);

}  // namespace seatrial::core
