#include "engine/spec/image.h"
#include "engine/spec/json_members.h"

namespace seatrial::spec {
namespace {

// These, too, write nothing for an empty value, as Go's omitempty does.
void number(JsonWriter& json, std::string_view key, std::int64_t value) {
  if (value != 0) json.key(key).number(value);
}

void set(JsonWriter& json, std::string_view key, const std::set<std::string>& values) {
  if (values.empty()) return;
  json.key(key).begin_object();
  for (const std::string& value : values) json.key(value).begin_object().end_object();
  json.end_object();
}

void map(JsonWriter& json, std::string_view key, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  json.key(key).begin_object();
  for (const auto& [name, value] : values) json.key(name).string(value);
  json.end_object();
}

void descriptor(JsonWriter& json, const Descriptor& value) {
  json.begin_object();
  json.key("mediaType").string(value.media_type);
  json.key("digest").string(value.digest.text());
  json.key("size").number(static_cast<std::int64_t>(value.size));
  strings(json, "urls", value.urls);
  map(json, "annotations", value.annotations);
  if (value.platform) {
    json.key("platform").begin_object();
    json.key("architecture").string(value.platform->architecture);
    json.key("os").string(value.platform->os);
    text(json, "os.version", value.platform->os_version);
    text(json, "variant", value.platform->variant);
    json.end_object();
  }
  json.end_object();
}

void descriptors(JsonWriter& json, std::string_view key, const std::vector<Descriptor>& values) {
  json.key(key).begin_array();
  for (const Descriptor& value : values) descriptor(json, value);
  json.end_array();
}

void health(JsonWriter& json, const HealthConfig& value) {
  json.key("Healthcheck").begin_object();
  strings(json, "Test", value.test);
  number(json, "Interval", value.interval);
  number(json, "Timeout", value.timeout);
  number(json, "StartPeriod", value.start_period);
  number(json, "Retries", value.retries);
  json.end_object();
}

void run_config(JsonWriter& json, const RunConfig& value) {
  json.key("config").begin_object();
  text(json, "User", value.user);
  set(json, "ExposedPorts", value.exposed_ports);
  strings(json, "Env", value.env);
  strings(json, "Entrypoint", value.entrypoint);
  strings(json, "Cmd", value.cmd);
  if (value.healthcheck) health(json, *value.healthcheck);
  set(json, "Volumes", value.volumes);
  text(json, "WorkingDir", value.working_dir);
  map(json, "Labels", value.labels);
  text(json, "StopSignal", value.stop_signal);
  strings(json, "OnBuild", value.on_build);
  strings(json, "Shell", value.shell);
  json.end_object();
}

void history(JsonWriter& json, const std::vector<HistoryEntry>& entries) {
  if (entries.empty()) return;
  json.key("history").begin_array();
  for (const HistoryEntry& entry : entries) {
    json.begin_object();
    text(json, "created", entry.created);
    text(json, "created_by", entry.created_by);
    text(json, "author", entry.author);
    text(json, "comment", entry.comment);
    if (entry.empty_layer) json.key("empty_layer").boolean(true);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string print_manifest(const Manifest& manifest) {
  JsonWriter json(Layout::kOneLine);
  json.begin_object();
  json.key("schemaVersion").number(2);
  json.key("mediaType").string(manifest.media_type);
  json.key("config");
  descriptor(json, manifest.config);
  descriptors(json, "layers", manifest.layers);
  map(json, "annotations", manifest.annotations);
  json.end_object();
  return json.take();
}

std::string print_index(const Index& index) {
  JsonWriter json(Layout::kOneLine);
  json.begin_object();
  json.key("schemaVersion").number(2);
  json.key("mediaType").string(index.media_type);
  descriptors(json, "manifests", index.manifests);
  map(json, "annotations", index.annotations);
  json.end_object();
  return json.take();
}

std::string print_image_config(const ImageConfig& config) {
  JsonWriter json(Layout::kOneLine);
  json.begin_object();
  text(json, "created", config.created);
  text(json, "author", config.author);
  json.key("architecture").string(config.architecture);
  json.key("os").string(config.os);
  text(json, "os.version", config.os_version);
  text(json, "variant", config.variant);
  run_config(json, config.config);
  json.key("rootfs").begin_object();
  json.key("type").string("layers");
  json.key("diff_ids").begin_array();
  for (const Digest& id : config.diff_ids) json.string(id.text());
  json.end_array().end_object();
  history(json, config.history);
  json.end_object();
  return json.take();
}

}  // namespace seatrial::spec
