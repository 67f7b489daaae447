#include "engine/base/error.h"
#include "engine/spec/image.h"
#include "engine/spec/json_reader.h"

namespace seatrial::spec {
namespace {

// A set is written as an object with empty members ({"80/tcp": {}}).
std::set<std::string> read_set(const Reader& object, std::string_view key) {
  std::set<std::string> result;
  if (const auto member = object.find(key)) {
    for (const auto& [name, ignored] : member->members()) result.insert(name);
  }
  return result;
}

std::map<std::string, std::string> read_labels(const Reader& object) {
  std::map<std::string, std::string> result;
  if (const auto labels = object.find("Labels")) {
    for (const auto& [key, value] : labels->members()) result.emplace(key, value.string());
  }
  return result;
}

HealthConfig read_health(const Reader& object) {
  const auto number = [&](std::string_view key) {
    return object.optional_integer<std::int64_t>(key, 0).value_or(0);
  };
  return {.test = object.strings_or_none("Test"),
          .interval = number("Interval"),
          .timeout = number("Timeout"),
          .start_period = number("StartPeriod"),
          .retries = number("Retries")};
}

RunConfig read_run_config(const Reader& object) {
  RunConfig result;
  result.user = object.string_or_empty("User");
  result.env = object.strings_or_none("Env");
  result.entrypoint = object.strings_or_none("Entrypoint");
  result.cmd = object.strings_or_none("Cmd");
  result.working_dir = object.string_or_empty("WorkingDir");
  result.volumes = read_set(object, "Volumes");
  result.exposed_ports = read_set(object, "ExposedPorts");
  result.labels = read_labels(object);
  result.stop_signal = object.string_or_empty("StopSignal");
  result.shell = object.strings_or_none("Shell");
  if (const auto health = object.find("Healthcheck")) result.healthcheck = read_health(*health);
  result.on_build = object.strings_or_none("OnBuild");
  return result;
}

std::vector<Digest> read_diff_ids(const Reader& rootfs) {
  const Reader type = rootfs.require("type", "\"layers\"");
  if (type.string() != "layers") type.refuse("is not \"layers\"");
  std::vector<Digest> result;
  const auto ids = rootfs.find("diff_ids");
  if (!ids) return result;  // an image without layers; programs in Go write null
  for (const Reader& element : ids->elements()) {
    const std::string text = element.string();
    try {
      result.push_back(Digest::parse(text));
    } catch (const Error&) {
      element.refuse("is not a digest (sha256: and 64, or sha512: and 128 lower-case hex digits)");
    }
  }
  return result;
}

std::vector<HistoryEntry> read_history(const Reader& root) {
  std::vector<HistoryEntry> result;
  const auto history = root.find("history");
  if (!history) return result;
  for (const Reader& entry : history->elements()) {
    result.push_back({.created = entry.string_or_empty("created"),
                      .created_by = entry.string_or_empty("created_by"),
                      .author = entry.string_or_empty("author"),
                      .comment = entry.string_or_empty("comment"),
                      .empty_layer = entry.boolean_or_false("empty_layer")});
  }
  return result;
}

}  // namespace

ImageConfig parse_image_config(std::string_view json) {
  const Document document(json, "image config");
  const Reader root(document);
  ImageConfig result;
  result.created = root.string_or_empty("created");
  result.author = root.string_or_empty("author");
  result.architecture = root.require("architecture", "as in amd64").filled_string();
  result.os = root.require("os", "as in linux").filled_string();
  result.variant = root.string_or_empty("variant");
  result.os_version = root.string_or_empty("os.version");
  if (const auto config = root.find("config")) result.config = read_run_config(*config);
  result.diff_ids = read_diff_ids(root.require("rootfs", "the list of layers"));
  result.history = read_history(root);
  return result;
}

}  // namespace seatrial::spec
