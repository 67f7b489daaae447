// What the values of options say: sizes, ports, labels, filters, times. Pure. Each throws
// Error{kInvalidArgument}: one sentence naming the text, in docker's words where it has some.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/container_types.h"

namespace seatrial::engine_cli {

// What parsing may look at beyond the command line. Tests give their own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string&)> variable;  // of the environment
  std::function<std::string(const std::string&)> file;  // a file's content; throws Error
  std::string directory;                                // where relative paths start
};

// This process' own.
Surroundings real_surroundings();

// "64m" -> bytes; `option` is named in the refusal.
std::int64_t parse_bytes(std::string_view option, const std::string& text);
// The same, or -1.
std::int64_t parse_bytes_or_unlimited(std::string_view option, const std::string& text);
// "1.5" -> 1'500'000'000
std::int64_t parse_cpus(const std::string& text);

// "KEY=VALUE", "KEY" -> "" ; later ones win.
std::map<std::string, std::string> parse_pairs(const std::vector<std::string>& texts);
// The same where the value must be there.
std::map<std::string, std::string> parse_options(std::string_view option,
                                                 const std::vector<std::string>& texts);
core::Filters parse_filters(const std::vector<std::string>& texts);
// The same of prune, whose "until" may be an age, too.
core::Filters parse_prune_filters(const std::vector<std::string>& texts, core::Time now);

// --env-file first, --env after: "KEY=VALUE"; a KEY alone gets its value here, or stays alone when
// there is none (--env), or is left out (--env-file).
std::vector<std::string> parse_environment(const std::vector<std::string>& texts,
                                           const std::vector<std::string>& files,
                                           const Surroundings& around);
core::Labels parse_labels(const std::vector<std::string>& texts,
                          const std::vector<std::string>& files, const Surroundings& around);

// "[[IP:]HOSTPORT:]PORT[/PROTO]", each port maybe a range, IPv6 in brackets. A range of the host's
// before one port is what to choose from.
std::vector<core::PortBinding> parse_publish(const std::string& text);
// "80/tcp", "80-82" -> "80/tcp" each
std::vector<std::string> parse_expose(const std::string& text);

core::Ulimit parse_ulimit(const std::string& text);
core::RestartPolicy parse_restart_policy(const std::string& text);
// "/dev/sda:1m" for bytes, "/dev/sda:100" for operations in a second.
enum class RateUnit { kBytes, kOperations };
core::DeviceRate parse_device_rate(std::string_view option, const std::string& text, RateUnit unit);
core::DeviceMapping parse_device(const std::string& text);

// "9", "KILL", "SIGKILL", any case.
int parse_signal(const std::string& text);

// A date of RFC 3339 (or its start: "2026-01-02", "2026-01-02T03:04"), seconds since 1970 with
// decimals, or a duration before `now`: "10m", "1h30m".
core::Time parse_moment(const std::string& text, core::Time now);

}  // namespace seatrial::engine_cli
