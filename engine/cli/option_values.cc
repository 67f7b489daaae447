#include "engine/cli/option_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/size.h"
#include "engine/core/times.h"
#include "engine/volume/mount_syntax.h"

namespace seatrial::engine_cli {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view option, std::string_view why) {
  throw error(Kind::kInvalidArgument, "invalid argument \"{}\" for \"--{}\" flag: {}", text, option,
              why);
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

// The entries of an --env-file or a --label-file.
std::vector<std::string> entries_of(const std::string& path, const Surroundings& around,
                                    bool look_up) {
  std::vector<std::string> entries;
  const std::string text = around.file(path);
  for (const std::string_view line : lines_of(text)) {
    const std::size_t equals = line.find('=');
    const std::string key(line.substr(0, equals));
    if (key.empty()) {
      throw error(Kind::kInvalidArgument, "invalid env file ({}): no variable name on line '{}'",
                  path, line);
    }
    if (key.find_first_of(" \t") != key.npos) {
      throw error(Kind::kInvalidArgument,
                  "invalid env file ({}): variable '{}' contains whitespaces", path, key);
    }
    if (equals != line.npos || !look_up) {
      entries.emplace_back(line);
    } else if (const auto value = around.variable(key)) {
      entries.push_back(key + "=" + *value);
    }
  }
  return entries;
}

}  // namespace

Surroundings real_surroundings() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (value == nullptr) return std::nullopt;
            return value;
          },
          .file = [](const std::string& path) { return read_file(path); },
          .directory = std::filesystem::current_path()};
}

std::int64_t parse_bytes(std::string_view option, const std::string& text) {
  const auto size = parse_size(text);
  if (!size) refuse(text, option, fmt::format("invalid size: '{}'", text));
  return static_cast<std::int64_t>(*size);
}

std::int64_t parse_bytes_or_unlimited(std::string_view option, const std::string& text) {
  return text == "-1" ? -1 : parse_bytes(option, text);
}

std::int64_t parse_cpus(const std::string& text) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
      !std::isfinite(number) || number < 0 || number > 1e6) {
    refuse(text, "cpus", fmt::format("failed to parse {} as a rational number", text));
  }
  return std::llround(number * 1e9);
}

std::map<std::string, std::string> parse_pairs(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> pairs;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (key.empty()) throw error(Kind::kInvalidArgument, "invalid label format: \"{}\"", text);
    pairs[key] = equals == text.npos ? "" : text.substr(equals + 1);
  }
  return pairs;
}

std::map<std::string, std::string> parse_options(std::string_view option,
                                                 const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.find('=') == text.npos || text.starts_with('=')) {
      refuse(text, option, "it takes KEY=VALUE");
    }
  }
  return parse_pairs(texts);
}

core::Filters parse_filters(const std::vector<std::string>& texts) {
  core::Filters filters;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
      refuse(text, "filter", "bad format of filter (expected name=value)");
    }
    filters[text.substr(0, equals)].push_back(text.substr(equals + 1));
  }
  return filters;
}

core::Filters parse_prune_filters(const std::vector<std::string>& texts, core::Time now) {
  core::Filters filters = parse_filters(texts);
  if (const auto until = filters.find("until"); until != filters.end()) {
    for (std::string& value : until->second) value = core::print_time(parse_moment(value, now));
  }
  return filters;
}

std::vector<std::string> parse_environment(const std::vector<std::string>& texts,
                                           const std::vector<std::string>& files,
                                           const Surroundings& around) {
  std::vector<std::string> variables;
  for (const std::string& file : files) {
    const auto entries = entries_of(file, around, true);
    variables.insert(variables.end(), entries.begin(), entries.end());
  }
  for (const std::string& text : texts) {
    if (text.empty() || text[0] == '=') {
      throw error(Kind::kInvalidArgument, "invalid environment variable: {}", text);
    }
    const auto value = text.find('=') == text.npos ? around.variable(text) : std::nullopt;
    variables.push_back(value ? text + "=" + *value : text);
  }
  return variables;
}

core::Labels parse_labels(const std::vector<std::string>& texts,
                          const std::vector<std::string>& files, const Surroundings& around) {
  std::vector<std::string> all;
  for (const std::string& file : files) {
    const auto entries = entries_of(file, around, false);
    all.insert(all.end(), entries.begin(), entries.end());
  }
  all.insert(all.end(), texts.begin(), texts.end());
  return parse_pairs(all);
}

core::Ulimit parse_ulimit(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    refuse(text, "ulimit", fmt::format("invalid ulimit argument: {}", text));
  }
  static constexpr std::array<std::string_view, 15> kNames{
      "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  const std::string name = text.substr(0, equals);
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    refuse(text, "ulimit", fmt::format("invalid ulimit type: {}", name));
  }
  const std::string_view limits = std::string_view(text).substr(equals + 1);
  if (std::count(limits.begin(), limits.end(), ':') > 1) {
    refuse(text, "ulimit",
           fmt::format("too many limit value arguments - {}, can only have up to two, "
                       "`soft[:hard]`",
                       limits));
  }
  const auto number = [&](std::string_view digits) {
    const auto value = parse_number<std::int64_t>(digits);
    if (!value) {
      refuse(text, "ulimit",
             fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", digits));
    }
    return *value;
  };
  const std::size_t colon = limits.find(':');
  const std::int64_t soft = number(limits.substr(0, colon));
  const std::int64_t hard = colon == limits.npos ? soft : number(limits.substr(colon + 1));
  if (soft < -1 || hard < -1) refuse(text, "ulimit", "limits are numbers, or -1 for none");
  if (hard != -1 && soft == -1) {
    refuse(text, "ulimit",
           fmt::format("ulimit soft limit must be less than or equal to hard limit: soft: -1 "
                       "(unlimited), hard: {}",
                       hard));
  }
  if (hard != -1 && soft > hard) {
    refuse(text, "ulimit",
           fmt::format("ulimit soft limit must be less than or equal to hard limit: {} > {}", soft,
                       hard));
  }
  return {.name = name, .soft = soft, .hard = hard};
}

core::RestartPolicy parse_restart_policy(const std::string& text) {
  const std::size_t colon = text.find(':');
  core::RestartPolicy policy{.name = text.substr(0, colon)};
  if (policy.name.empty() && colon == text.npos) policy.name = "no";
  if (colon != text.npos) {
    const auto count = parse_number<unsigned>(std::string_view(text).substr(colon + 1));
    if (!count) refuse(text, "restart", "maximum retry count must be an integer");
    if (policy.name != "on-failure") {
      refuse(text, "restart", "maximum retry count cannot be used with this restart policy");
    }
    policy.maximum_retry_count = *count;
  }
  for (const char* known : {"no", "always", "unless-stopped", "on-failure"}) {
    if (policy.name == known) return policy;
  }
  refuse(text, "restart", fmt::format("invalid restart policy: {}", policy.name));
}

core::DeviceRate parse_device_rate(std::string_view option, const std::string& text,
                                   RateUnit unit) {
  const std::size_t colon = text.rfind(':');
  const std::string path = text.substr(0, colon);
  if (colon == text.npos || !path.starts_with("/dev/")) {
    refuse(text, option, fmt::format("bad format: {}", text));
  }
  const std::string rate = text.substr(colon + 1);
  const auto number =
      unit == RateUnit::kBytes ? parse_size(rate) : parse_number<std::uint64_t>(rate);
  if (!number) refuse(text, option, fmt::format("invalid rate for device: {}", text));
  return {.path = path, .rate = *number};
}

core::DeviceMapping parse_device(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t colon = text.find(':', begin);
    parts.push_back(text.substr(begin, colon == text.npos ? colon : colon - begin));
    if (colon == text.npos) break;
    begin = colon + 1;
  }
  const auto is_mode = [](const std::string& part) {
    return !part.empty() && part.size() <= 3 && part.find_first_not_of("rwm") == part.npos;
  };
  core::DeviceMapping device{.path_on_host = parts[0]};
  if (parts.size() == 2 && is_mode(parts[1])) {
    device.permissions = parts[1];
  } else if (parts.size() >= 2) {
    device.path_in_container = parts[1];
  }
  if (parts.size() == 3) device.permissions = parts[2];
  if (parts.size() > 3 || !device.path_on_host.starts_with('/') ||
      (!device.path_in_container.empty() && !device.path_in_container.starts_with('/')) ||
      !is_mode(device.permissions)) {
    refuse(text, "device", "it takes /dev/SOURCE[:/dev/TARGET][:rwm]");
  }
  return device;
}

int parse_signal(const std::string& text) {
  const auto refused = [&] { return error(Kind::kInvalidArgument, "invalid signal: {}", text); };
  if (const auto number = parse_number<int>(text)) {
    if (*number < 1 || *number > 64) throw refused();
    return *number;
  }
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int signal = 1; signal < 32; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  for (const auto& [base, number, sign] :
       {std::tuple{"RTMIN", 34, 1}, std::tuple{"RTMAX", 64, -1}}) {
    if (!name.starts_with(base)) continue;
    const std::string_view rest = std::string_view(name).substr(5);
    const auto offset = rest.empty() ? std::optional(0) : parse_number<int>(rest.substr(1));
    const bool signed_right = rest.empty() || rest[0] == (sign > 0 ? '+' : '-');
    if (offset && signed_right && *offset >= 0 && *offset <= 30) return number + sign * *offset;
  }
  throw refused();
}

namespace {

// "1h30m", "1.5s", "300ms". Nothing for another text.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    constexpr std::pair<std::string_view, double> kUnits[] = {
        {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"h", 3600e9}, {"m", 60e9}, {"s", 1e9}};
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& each) { return text.starts_with(each.first); });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += number * unit->second;
    text.remove_prefix(unit->first.size());
  }
  if (!(std::abs(total) < 9e18)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

}  // namespace

core::Time parse_moment(const std::string& text, core::Time now) {
  if (const auto duration = parse_duration(text)) {
    return now - std::chrono::duration_cast<core::Time::duration>(*duration);
  }
  const std::size_t point = text.find('.');
  if (const auto seconds = parse_number<std::int64_t>(text.substr(0, point));
      seconds && *seconds >= 0 && *seconds < 9'000'000'000) {
    std::string decimals = point == text.npos ? "" : text.substr(point + 1);
    if (decimals.size() <= 9 && decimals.find_first_not_of("0123456789") == decimals.npos) {
      decimals.resize(9, '0');
      return core::from_nanoseconds(*seconds * 1'000'000'000 +
                                    *parse_number<std::int64_t>(decimals));
    }
  }
  static constexpr std::string_view kFull = "0000-01-01T00:00:00";
  for (const std::string& candidate :
       {text, text + "Z",
        text.size() < kFull.size() ? text + std::string(kFull.substr(text.size())) + "Z" : text}) {
    if (const auto time = core::parse_time(candidate)) return *time;
  }
  throw error(Kind::kInvalidArgument, "failed to parse value as time or duration: \"{}\"", text);
}

}  // namespace seatrial::engine_cli
