// run, create, start, attach and exec: what starts programs, and stays with them.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/relay.h"
#include "engine/cli/verbs.h"
#include "engine/spec/reference.h"
#include "engine/sys/raw_terminal.h"

namespace seatrial::engine_cli {
namespace {

constexpr int kRunFailed = 125;

// Refused before anything is made, written after.
class IdFile {
 public:
  explicit IdFile(const std::string& path) : path_(path) {
    if (!path_.empty() && std::filesystem::exists(path_)) {
      throw error(Kind::kConflict,
                  "container ID file found, make sure the other container isn't running or delete "
                  "{}",
                  path_);
    }
  }
  void write(const std::string& id) const {
    if (!path_.empty()) write_file_atomically(path_, id);
  }

 private:
  std::string path_;
};

std::string create_container(core::Engine& engine, const RunRequest& run) {
  const IdFile id_file(run.id_file);
  const core::ContainerRequest& request = run.container;
  if (run.pull == PullWhen::kAlways) {
    pull_image(engine, request.image, request.platform,
               run.quiet ? PullWords::kNone : PullWords::kOnStderr);
  }
  std::string id;
  try {
    id = engine.create(request);
  } catch (const Error& failure) {
    const std::string_view why = failure.what();
    const bool missing = failure.kind() == Kind::kNotFound &&
                         (why.find("No such image") != why.npos ||
                          why.find("does not match the specified platform") != why.npos);
    if (!missing || run.pull != PullWhen::kMissing) throw;
    if (!run.quiet) {
      fmt::print(stderr, "Unable to find image '{}' locally\n",
                 spec::parse_reference(request.image).familiar());
    }
    pull_image(engine, request.image, request.platform,
               run.quiet ? PullWords::kNone : PullWords::kOnStderr);
    id = engine.create(request);
  }
  id_file.write(id);
  return id;
}

// The window's size goes along, so that the program sees it from its first instruction on.
void take_terminal_size(core::ContainerRequest& request) {
  if (!request.tty) return;
  if (const auto size = terminal_size(STDIN_FILENO)) {
    request.console_height = static_cast<std::uint16_t>(size->first);
    request.console_width = static_cast<std::uint16_t>(size->second);
  }
}

struct Attachment {
  bool tty = false;
  bool input = false;
  bool output = true;
  bool errors = true;
  bool pass_signals = true;
  std::string detach_keys = {};
};

RelayEnd stay_with(core::Engine& engine, const std::string& id, int stream, const Attachment& how,
                   const Signals& signals) {
  std::optional<sys::RawTerminal> raw;
  if (how.tty && how.input) raw.emplace(STDIN_FILENO);
  // One that has just ended cannot be told anything more.
  const auto quietly = [](auto&& act) {
    try {
      act();
    } catch (const Error&) {
    }
  };
  return relay(stream,
               {.framed = !how.tty,
                .input = how.input,
                .output = how.output,
                .errors = how.errors,
                .detach_keys = how.tty ? how.detach_keys : "",
                .on_signal = [&](int signal) { quietly([&] { engine.kill(id, signal); }); },
                .on_resize =
                    [&](unsigned height, unsigned width) {
                      if (how.tty) quietly([&] { engine.resize(id, height, width); });
                    }},
               signals);
}

// `run`: the one that this terminal was attached to, for a container may be in the next one
// already.
int wait_for_end(core::Engine& engine, const std::string& id, bool removed, unsigned run) {
  if (!removed) return engine.wait_for_run(id, run);
  return engine.wait(id, core::WaitCondition::kRemoved).value_or(kRunFailed);
}

void require_terminal(const core::ContainerRequest& request) {
  if (request.tty && request.attach_stdin && ::isatty(STDIN_FILENO) == 0) {
    throw error(Kind::kInvalidArgument, "the input device is not a TTY");
  }
}

}  // namespace

int create(Call& call) {
  const RunRequest run = parse_run(call.line(), real_surroundings());
  print_out(create_container(call.engine(), run) + "\n");
  return 0;
}

int run(Call& call) {
  RunRequest run = parse_run(call.line(), real_surroundings());
  core::ContainerRequest& request = run.container;
  if (!run.detach) require_terminal(request);
  take_terminal_size(request);
  core::Engine& engine = call.engine();
  const std::string id = create_container(engine, run);
  const auto started = [&](auto&& start) {
    try {
      return start();
    } catch (const Error&) {
      if (request.auto_remove) engine.remove(id, true, true);
      throw;
    }
  };
  if (run.detach) {
    started([&] { return engine.start(id); });
    print_out(id + "\n");
    return 0;
  }
  const Signals signals(run.pass_signals);
  // Open until the container is settled, so that the monitor need not see to that.
  const UniqueFd stream = started([&] { return engine.start_attached(id); });
  const RelayEnd end = stay_with(engine, id, stream.get(),
                                 {.tty = request.tty,
                                  .input = request.attach_stdin,
                                  .output = request.attach_stdout,
                                  .errors = request.attach_stderr,
                                  .pass_signals = run.pass_signals,
                                  .detach_keys = run.detach_keys},
                                 signals);
  if (end == RelayEnd::kDetached) return 0;
  return wait_for_end(engine, id, request.auto_remove, 0);
}

int start(Call& call) {
  const bool attach = call.options().on("attach") || call.options().on("interactive");
  if (!attach) {
    return for_each_argument(call, [&](const std::string& name) { call.engine().start(name); });
  }
  if (call.arguments().size() > 1) {
    throw error(Kind::kInvalidArgument, "you cannot start and attach multiple containers at once");
  }
  core::Engine& engine = call.engine();
  const core::ContainerInfo info = engine.inspect(call.argument(0));
  const std::string keys =
      parse_detach_keys(call.options().get("detach-keys").value_or("ctrl-p,ctrl-q"));
  const Signals signals(true);
  const UniqueFd stream = engine.start_attached(info.id);
  const RelayEnd end =
      stay_with(engine, info.id, stream.get(),
                {.tty = info.config.tty,
                 .input = call.options().on("interactive") && info.config.open_stdin,
                 .detach_keys = keys},
                signals);
  if (end == RelayEnd::kDetached) return 0;
  const unsigned run = is_active(info.state.status) ? info.restart_count : 0;
  return wait_for_end(engine, info.id, info.config.auto_remove, run);
}

int attach(Call& call) {
  core::Engine& engine = call.engine();
  const core::ContainerInfo info = engine.inspect(call.argument(0));
  if (info.state.status == core::ContainerStatus::kPaused) {
    throw error(Kind::kConflict, "You cannot attach to a paused container, unpause it first");
  }
  if (info.state.status == core::ContainerStatus::kRestarting) {
    throw error(Kind::kConflict,
                "You cannot attach to a restarting container, wait until it is running");
  }
  if (info.state.status != core::ContainerStatus::kRunning) {
    throw error(Kind::kConflict, "You cannot attach to a stopped container, start it first");
  }
  const bool pass = call.options().on("sig-proxy", true);
  const std::string keys =
      parse_detach_keys(call.options().get("detach-keys").value_or("ctrl-p,ctrl-q"));
  const Signals signals(pass);
  const UniqueFd stream = engine.attach(info.id);
  if (const auto size = terminal_size(STDIN_FILENO); info.config.tty && size) {
    engine.resize(info.id, size->first, size->second);
  }
  const RelayEnd end = stay_with(engine, info.id, stream.get(),
                                 {.tty = info.config.tty,
                                  .input = !call.options().on("no-stdin") && info.config.open_stdin,
                                  .pass_signals = pass,
                                  .detach_keys = keys},
                                 signals);
  if (end == RelayEnd::kDetached) return 0;
  return wait_for_end(engine, info.id, info.config.auto_remove, info.restart_count);
}

int exec(Call& call) {
  ExecCall request = parse_exec(call.line(), real_surroundings());
  if (request.request.tty && request.interactive && !request.detach &&
      ::isatty(STDIN_FILENO) == 0) {
    throw error(Kind::kInvalidArgument, "the input device is not a TTY");
  }
  const bool tty = request.request.tty && !request.detach;
  if (request.detach) request.request.tty = false;
  core::StdioFds stdio;
  if (!request.detach) {
    stdio = {
        .in = request.interactive ? STDIN_FILENO : -1, .out = STDOUT_FILENO, .err = STDERR_FILENO};
  }
  std::optional<Signals> signals;
  if (tty) signals.emplace(false);
  core::ExecProcess process = call.engine().exec(request.container, request.request, stdio);
  if (request.detach) return 0;
  if (tty) {
    if (const auto size = terminal_size(STDIN_FILENO)) process.resize(size->first, size->second);
    std::optional<sys::RawTerminal> raw;
    if (request.interactive) raw.emplace(STDIN_FILENO);
    relay(process.console_master().get(),
          {.framed = false,
           .input = request.interactive,
           .on_resize = [&](unsigned height, unsigned width) { process.resize(height, width); }},
          *signals);
  }
  return process.wait().value_or(kRunFailed);
}

}  // namespace seatrial::engine_cli
