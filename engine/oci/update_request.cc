#include "engine/oci/update_request.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/size.h"
#include "engine/spec/json_writer.h"
#include "engine/spec/parse_config.h"

namespace seatrial::oci {
namespace {

// A number of the option into `field`, whatever integer that is; nothing where it is not given.
template <typename Integer>
bool take_number(const GivenOptions& options, std::string_view name,
                 std::optional<Integer>& field) {
  const auto text = options.get(name);
  if (!text) return false;
  Integer value = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    throw error(Kind::kInvalidArgument, "option --{}: {} is no number from {} to {}", name, *text,
                std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max());
  }
  field = value;
  return true;
}

bool take_size(const GivenOptions& options, std::string_view name,
               std::optional<std::int64_t>& field) {
  const auto text = options.get(name);
  if (text) field = parse_limit(name, *text);
  return text.has_value();
}

bool take_text(const GivenOptions& options, std::string_view name, std::string& field) {
  field = options.text(name);
  return options.has(name);
}

spec::Resources from_options(const GivenOptions& options) {
  spec::Resources resources;
  spec::CpuLimits cpu;
  bool given = take_number(options, "cpu-share", cpu.shares);
  given |= take_number(options, "cpu-period", cpu.period);
  given |= take_number(options, "cpu-quota", cpu.quota);
  given |= take_number(options, "cpu-burst", cpu.burst);
  given |= take_number(options, "cpu-rt-period", cpu.realtime_period);
  given |= take_number(options, "cpu-rt-runtime", cpu.realtime_runtime);
  given |= take_number(options, "cpu-idle", cpu.idle);
  given |= take_text(options, "cpuset-cpus", cpu.cpus);
  given |= take_text(options, "cpuset-mems", cpu.mems);
  if (given) resources.cpu = cpu;

  spec::MemoryLimits memory;
  given = take_size(options, "memory", memory.limit);
  given |= take_size(options, "memory-reservation", memory.reservation);
  given |= take_size(options, "memory-swap", memory.swap);
  given |= take_size(options, "kernel-memory", memory.kernel);
  given |= take_size(options, "kernel-memory-tcp", memory.kernel_tcp);
  if (given) resources.memory = memory;

  spec::BlockIoLimits block_io;
  if (take_number(options, "blkio-weight", block_io.weight)) resources.block_io = block_io;
  take_number(options, "pids-limit", resources.pids_limit);
  return resources;
}

// As a configuration would have them, so that both are held to the same.
std::vector<std::string> schemata_of(const GivenOptions& options) {
  std::vector<std::string> lines;
  const auto take = [&](std::string_view name, std::string_view key) {
    const auto text = options.get(name);
    if (!text) return;
    spec::JsonWriter json(spec::Layout::kOneLine);
    json.begin_object().key(key).string(*text).end_object();
    const spec::IntelRdt asked = with_context(fmt::format("option --{}", name),
                                              [&] { return spec::parse_intel_rdt(json.take()); });
    const std::vector<std::string> some = asked.lines();
    if (some.empty()) throw error(Kind::kInvalidArgument, "option --{} is empty", name);
    lines.insert(lines.end(), some.begin(), some.end());
  };
  take("l3-cache-schema", "l3CacheSchema");
  take("mem-bw-schema", "memBwSchema");
  return lines;
}

}  // namespace

std::int64_t parse_limit(std::string_view option, std::string_view text) {
  if (text == "-1") return -1;
  const auto size = parse_size(text);
  if (!size) {
    throw error(Kind::kInvalidArgument, "option --{}: {} is no size (bytes, 512m, 1.5g, or -1)",
                option, text);
  }
  return static_cast<std::int64_t>(*size);
}

UpdateRequest update_request(const GivenOptions& options) {
  const auto file = options.get("resources");
  const spec::Resources named = from_options(options);
  std::vector<std::string> schemata = schemata_of(options);
  const bool some = named.cpu || named.memory || named.block_io || named.pids_limit;
  if (file && some) {
    throw error(Kind::kInvalidArgument, "option --resources stands for all others of update");
  }
  if (!file) return {.resources = named, .schemata = std::move(schemata)};
  const std::string name = *file == "-" ? "stdin" : *file;
  return with_context(name, [&] {
    const std::string text = *file == "-" ? read_all(0, "stdin") : read_file(*file);
    return UpdateRequest{.resources = spec::parse_resources(text), .schemata = std::move(schemata)};
  });
}

}  // namespace seatrial::oci
