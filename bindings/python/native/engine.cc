// `Engine` and `ExecProcess` as Python sees them. Every call of the engine is made without the
// GIL, so that other threads go on; callbacks take it for as long as they run.
#include "engine/core/engine.h"

#include <pybind11/functional.h>

#include <algorithm>

#include "bindings/python/native/bindings.h"
#include "engine/base/error.h"
#include "engine/base/size.h"
#include "engine/volume/mount_syntax.h"

namespace seatrial::python {
namespace {

using namespace core;
using std::chrono::milliseconds;
using Free = py::call_guard<py::gil_scoped_release>;
using EngineClass = py::class_<Engine>;

// How long a wait may keep Ctrl-C and other signals of Python waiting, as followers do. What is
// waited for is seen at once.
constexpr milliseconds kSignalPatience = kGoOnPatience;

// Runs Python's signal handlers, and throws what they throw. Without the GIL.
bool handle_signals() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  return true;
}

// Calls `wait_for(slice)` until it has a result or `seconds` (nothing: no limit) are over. Between
// slices, Python's signal handlers run, and what they throw ends the wait. Without the GIL.
template <typename WaitFor>
std::optional<int> wait_with_signals(std::optional<double> seconds, WaitFor wait_for) {
  using Clock = std::chrono::steady_clock;
  // A day's waits are renewed, so that no timeout overflows the clock.
  const auto deadline =
      seconds ? std::optional(Clock::now() + milliseconds(static_cast<std::int64_t>(
                                                 std::clamp(*seconds, 0.0, 1e9) * 1000)))
              : std::nullopt;
  for (;;) {
    milliseconds slice = kSignalPatience;
    if (deadline) {
      const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now());
      slice = std::clamp(left, milliseconds(0), kSignalPatience);
    }
    if (const std::optional<int> result = wait_for(slice)) return result;
    if (deadline && Clock::now() >= *deadline) return std::nullopt;
    handle_signals();
  }
}

std::optional<int> wait(Engine& engine, const std::string& container,
                        std::optional<double> seconds) {
  return wait_with_signals(seconds, [&](milliseconds slice) {
    try {
      return engine.wait(container, WaitCondition::kNotRunning, slice);
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kNotFound) throw;
      // Ended and removed, maybe before the first slice: the engine remembers how.
      return engine.wait(container, WaitCondition::kRemoved, milliseconds(0));
    }
  });
}

// A callback that returns False (None does not count) says that it has seen enough.
template <typename Item>
auto sink_of(const py::function& callback) {
  return [&callback](const Item& item) {
    const py::gil_scoped_acquire gil;
    const py::object answer = callback(item);
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return answer.is_none() || answer.cast<bool>();
  };
}

ProgressSink progress_of(const std::optional<py::function>& callback) {
  if (!callback) return {};
  return [&callback](const Progress& step) {
    const py::gil_scoped_acquire gil;
    (*callback)(step);
  };
}

std::optional<std::chrono::seconds> seconds_of(std::optional<int> seconds) {
  return seconds ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

std::optional<Time> time_of(std::optional<double> epoch) {
  if (!epoch) return std::nullopt;
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(*epoch)));
}

Engine open(const std::string& root, const std::string& run,
            const std::vector<std::string>& exit_command, const std::string& cgroup_parent,
            const std::vector<std::string>& insecure_registries,
            const std::string& registry_certificates, const std::string& docker_config) {
  return Engine({.root = root,
                 .run = run,
                 .exit_command = exit_command,
                 .cgroup_parent = cgroup_parent,
                 .insecure_registries = insecure_registries,
                 .registry_certificates = registry_certificates,
                 .docker_config = docker_config});
}

void add_lifecycle(EngineClass& engine) {
  engine.def("create", &Engine::create, Free())
      .def("start", &Engine::start, Free())
      .def(
          "start_attached",
          [](Engine& self, const std::string& id) { return self.start_attached(id).release(); },
          Free())
      .def(
          "attach", [](Engine& self, const std::string& id) { return self.attach(id).release(); },
          Free())
      .def("run", &Engine::run, Free())
      .def(
          "stop",
          [](Engine& self, const std::string& id, std::optional<int> timeout) {
            return self.stop(id, seconds_of(timeout));
          },
          Free())
      .def(
          "restart",
          [](Engine& self, const std::string& id, std::optional<int> timeout) {
            self.restart(id, seconds_of(timeout));
          },
          Free())
      .def("kill", &Engine::kill, Free())
      .def("pause", &Engine::pause, Free())
      .def("unpause", &Engine::unpause, Free())
      .def("wait", &wait, Free())
      .def("remove", &Engine::remove, Free())
      .def("rename", &Engine::rename, Free())
      .def(
          "update",
          [](Engine& self, const std::string& id, const ResourceLimits& limits) {
            self.update(id, limits);
          },
          Free())
      .def("inspect", &Engine::inspect, Free())
      .def("inspect_json", &Engine::inspect_json, Free())
      .def(
          "list",
          [](Engine& self, bool all, const Filters& filters) {
            return self.list({.all = all, .filters = filters});
          },
          Free())
      .def("prune_containers", &Engine::prune_containers, Free());
}

void add_activity(EngineClass& engine) {
  engine
      .def(
          "logs",
          [](Engine& self, const std::string& id, const py::function& sink, bool out, bool err,
             bool follow, std::optional<std::size_t> tail) {
            self.logs(id,
                      {.stdout_stream = out,
                       .stderr_stream = err,
                       .follow = follow,
                       .go_on = &handle_signals,
                       .tail = tail},
                      sink_of<LogEntry>(sink));
          },
          Free())
      .def(
          "exec",
          [](Engine& self, const std::string& id, const std::vector<std::string>& command,
             const std::vector<std::string>& env, const std::string& user,
             const std::string& working_dir, bool privileged, int in, int out, int err) {
            return self.exec(id,
                             {.cmd = command,
                              .env = env,
                              .user = user,
                              .working_dir = working_dir,
                              .privileged = privileged},
                             {.in = in, .out = out, .err = err});
          },
          Free())
      .def("top",
           [](Engine& self, const std::string& id) {
             TopResult top;
             {
               const py::gil_scoped_release free;
               top = self.top(id);
             }
             py::list rows;
             for (const auto& process : top.processes) {
               py::dict row;
               for (std::size_t at = 0; at < std::min(process.size(), top.titles.size()); ++at) {
                 row[py::str(top.titles[at])] = text_of(process[at]);
               }
               rows.append(row);
             }
             return rows;
           })
      .def("stats", &Engine::stats, Free())
      .def("diff", &Engine::diff, Free())
      .def("stat_path", &Engine::stat_path, Free())
      .def("copy_to", &Engine::copy_to, Free())
      .def("copy_from", &Engine::copy_from, Free())
      .def("export_tree", &Engine::export_tree, Free())
      .def(
          "commit",
          [](Engine& self, const std::string& id, const std::string& reference,
             const std::string& author, const std::string& comment,
             const std::vector<std::string>& changes, bool pause) {
            return self.commit({.container = id,
                                .reference = reference,
                                .author = author,
                                .comment = comment,
                                .changes = changes,
                                .pause = pause});
          },
          Free());
}

void add_images(EngineClass& engine) {
  engine
      .def(
          "pull",
          [](Engine& self, const std::string& reference, const std::string& platform,
             const RegistryAuth& auth, const std::optional<py::function>& progress) {
            return self.pull(reference, {.platform = platform, .auth = auth}, progress_of(progress))
                .id;
          },
          Free())
      .def(
          "push",
          [](Engine& self, const std::string& reference, const RegistryAuth& auth,
             const std::optional<py::function>& progress) {
            return self.push(reference, auth, progress_of(progress)).digest;
          },
          Free())
      .def(
          "load", [](Engine& self, int fd) { return self.load(fd); }, Free())
      .def("save", &Engine::save, Free())
      .def("import_tar", &Engine::import, Free())
      .def("images", &Engine::images, Free())
      .def("has_image", &Engine::has_image, Free())
      .def("inspect_image", &Engine::inspect_image, Free())
      .def("inspect_image_json", &Engine::inspect_image_json, Free())
      .def("history", &Engine::history, Free())
      .def("tag", &Engine::tag, Free())
      .def("remove_image", &Engine::remove_image, Free())
      .def("prune_images", &Engine::prune_images, Free());
}

void add_networks_and_volumes(EngineClass& engine) {
  engine.def("create_network", &Engine::create_network, Free())
      .def("networks", &Engine::networks, Free())
      .def("inspect_network", &Engine::inspect_network, Free())
      .def("inspect_network_json", &Engine::inspect_network_json, Free())
      .def("remove_network", &Engine::remove_network, Free())
      .def("connect", &Engine::connect, Free())
      .def("disconnect", &Engine::disconnect, Free())
      .def("prune_networks", &Engine::prune_networks, Free())
      .def("release_networks", &Engine::release_networks, Free())
      .def("create_volume", &Engine::create_volume, Free())
      .def("volumes", &Engine::volumes, Free())
      .def("inspect_volume", &Engine::inspect_volume, Free())
      .def("inspect_volume_json", &Engine::inspect_volume_json, Free())
      .def("remove_volume", &Engine::remove_volume, Free())
      .def("prune_volumes", &Engine::prune_volumes, Free());
}

void add_system(EngineClass& engine) {
  engine
      .def(
          "events",
          [](Engine& self, const py::function& sink, std::optional<double> since,
             std::optional<double> until, bool follow, const Filters& filters) {
            self.events({.since = time_of(since),
                         .until = time_of(until),
                         .follow = follow,
                         .go_on = &handle_signals,
                         .filters = filters},
                        sink_of<Event>(sink));
          },
          Free())
      .def("info", &Engine::info, Free())
      .def("recover", &Engine::recover, Free());
}

void add_exec_process(py::module_& module) {
  py::class_<ExecProcess>(module, "ExecProcess")
      .def_property_readonly("pid", &ExecProcess::pid)
      .def_property_readonly("pidfd", &ExecProcess::pidfd)
      .def(
          "wait",
          [](ExecProcess& self, std::optional<double> timeout) {
            return wait_with_signals(timeout, [&](milliseconds slice) { return self.wait(slice); });
          },
          Free());
}

}  // namespace

void add_engine(py::module_& module) {
  add_exec_process(module);
  module.def("parse_volume_option", &volume::parse_volume_option);
  module.def("parse_mount_option", &volume::parse_mount_option);
  module.def("parse_tmpfs_option", &volume::parse_tmpfs_option);
  module.def("parse_size", &parse_size);
  EngineClass engine(module, "Engine");
  engine.def(py::init(&open), Free());
  add_lifecycle(engine);
  add_activity(engine);
  add_images(engine);
  add_networks_and_volumes(engine);
  add_system(engine);
}

}  // namespace seatrial::python
