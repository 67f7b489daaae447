#include "engine/spec/state.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "engine/spec/json_reader.h"
#include "engine/spec/json_writer.h"

namespace seatrial::spec {
namespace {

// Indexed by Status.
constexpr std::array<std::string_view, 5> kStatuses{"creating", "created", "running", "stopped",
                                                    "paused"};

enum class Form { kSpecified, kExtended };

void write(JsonWriter& json, const State& state, Form form) {
  json.begin_object();
  json.key("ociVersion").string(state.oci_version);
  json.key("id").string(state.id);
  json.key("status").string(to_string(state.status));
  if (state.pid != 0 || form == Form::kExtended) json.key("pid").number(state.pid);
  json.key("bundle").string(state.bundle);
  if (form == Form::kExtended) {
    json.key("rootfs").string(state.rootfs);
    json.key("created").string(state.created);
    json.key("owner").string(state.owner);
  }
  if (!state.annotations.empty()) {
    json.key("annotations").begin_object();
    for (const auto& [key, value] : state.annotations) json.key(key).string(value);
    json.end_object();
  }
  json.end_object();
}

std::string print(const State& state, Form form, Layout layout) {
  JsonWriter json(layout);
  write(json, state, form);
  return json.take();
}

Status parse_status(const Reader& status) {
  const std::string text = status.string();
  for (std::size_t index = 0; index < kStatuses.size(); ++index) {
    if (kStatuses[index] == text) return static_cast<Status>(index);
  }
  status.refuse("is not a status (creating, created, running, stopped, paused)");
}

}  // namespace

std::string_view to_string(Status status) {
  return kStatuses.at(static_cast<std::size_t>(status));
}

std::string print_specified(const State& state) {
  return print(state, Form::kSpecified, Layout::kOneLine);
}

std::string print_process_state(const State& state, pid_t pid, std::string_view metadata) {
  JsonWriter json(Layout::kOneLine);
  json.begin_object();
  json.key("ociVersion").string(state.oci_version);
  json.key("fds").strings({"seccompFd"});
  json.key("pid").number(pid);
  if (!metadata.empty()) json.key("metadata").string(metadata);
  write(json.key("state"), state, Form::kSpecified);
  json.end_object();
  return json.take();
}

std::string print_state(const State& state) {
  return print(state, Form::kExtended, Layout::kIndented);
}

State parse_state(std::string_view json) {
  const Document document(json, "state");
  const Reader root(document);
  State state;
  state.oci_version = root.require("ociVersion", "a version of the specification").string();
  state.id = root.require("id", "the container's id").filled_string();
  state.status = parse_status(root.require("status", "the container's status"));
  state.pid = root.optional_integer<pid_t>("pid", 0).value_or(0);
  state.bundle = root.require("bundle", "an absolute path").absolute_path();
  if (state.pid == 0 && (state.status == Status::kCreated || state.status == Status::kRunning)) {
    root.refuse_whole(
        fmt::format("pid: is missing; a {} container has one", to_string(state.status)));
  }
  state.rootfs = root.string_or_empty("rootfs");
  state.created = root.string_or_empty("created");
  state.owner = root.string_or_empty("owner");
  if (const auto annotations = root.find("annotations")) {
    for (const auto& [key, value] : annotations->members()) {
      state.annotations.emplace_hint(state.annotations.end(), key, value.string());
    }
  }
  return state;
}

}  // namespace seatrial::spec
