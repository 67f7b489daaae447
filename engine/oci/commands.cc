#include "engine/oci/commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/undo.h"
#include "engine/oci/events.h"
#include "engine/oci/foreground.h"
#include "engine/oci/shell_texts.h"
#include "engine/oci/socket_activation.h"
#include "engine/oci/sub_cgroups.h"
#include "engine/oci/tables.h"
#include "engine/oci/update_request.h"
#include "engine/runtime/runtime.h"
#include "engine/spec/default_spec.h"
#include "engine/spec/features.h"
#include "engine/spec/names.h"
#include "engine/spec/parse_config.h"

namespace seatrial::oci {
namespace {

using runtime::Runtime;

// What every verb gets.
struct Call {
  const GivenOptions& globals;
  const GivenOptions& options;
  const std::vector<std::string>& arguments;
  Runtime& runtime;

  const std::string& id() const { return arguments.front(); }
};

void print(std::string_view text) {
  write_all(1, text, "stdout");
}

std::string bundle_of(const GivenOptions& options) {
  return options.get("bundle").value_or(".");
}

constexpr long kMostDescriptors = 1 << 20;  // what /proc/sys/fs/nr_open allows unless raised

unsigned preserved_fds(const GivenOptions& options) {
  const long number = options.number("preserve-fds").value_or(0);
  if (number < 0 || number > kMostDescriptors) {
    throw error(Kind::kInvalidArgument, "option --preserve-fds: {} is no number of descriptors",
                number);
  }
  return static_cast<unsigned>(number);
}

runtime::CreateRequest create_request(const Call& call) {
  runtime::CreateRequest request{.id = call.id(),
                                 .bundle = bundle_of(call.options),
                                 .stdio = {},
                                 .pid_file = call.options.text("pid-file"),
                                 .console_socket = call.options.text("console-socket"),
                                 .no_pivot = call.options.on("no-pivot"),
                                 .no_new_keyring = call.options.on("no-new-keyring"),
                                 .preserve_fds = preserved_fds(call.options),
                                 .add_home = true};
  // As runc does: they come before those of --preserve-fds, and the program is told that it is who
  // was meant. It is process 1 where it has a pid namespace of its own.
  if (const unsigned activated = activated_fds(); activated > 0) {
    request.preserve_fds += activated;
    request.added_env = {fmt::format("LISTEN_FDS={}", activated), "LISTEN_PID=1"};
  }
  return request;
}

// Nobody may be left holding a terminal's master, and nobody may wait for one that will not come.
void check_terminal(bool terminal, bool detach, bool socket) {
  if (terminal && detach && !socket) {
    throw error(Kind::kInvalidArgument,
                "process.terminal without a foreground needs --console-socket");
  }
  if (socket && !(terminal && detach)) {
    throw error(Kind::kInvalidArgument,
                "--console-socket is for a detached process with a terminal");
  }
}

int create(const Call& call) {
  runtime::CreateRequest request = create_request(call);
  request.detached = true;
  call.runtime.create(request);
  return 0;
}

// A checkpoint, or delete --force, has ended a container by removing it.
void remove_if_there(const Call& call) {
  try {
    call.runtime.remove(call.id());
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
  }
}

int run(const Call& call) {
  runtime::CreateRequest request = create_request(call);
  request.detached = call.options.on("detach");
  if (request.detached) {
    call.runtime.run(request);
    return 0;
  }
  Foreground foreground;
  runtime::Child child = call.runtime.run(request);
  const int status = foreground.attend(child);
  if (!call.options.on("keep")) remove_if_there(call);
  return status;
}

runtime::CriuRequest criu_request(const Call& call) {
  const GivenOptions& options = call.options;
  return {.program = call.globals.text("criu"),
          .images = options.get("image-path").value_or("checkpoint"),
          .work = options.text("work-path"),
          .manage_cgroups = options.text("manage-cgroups-mode"),
          .empty_namespaces = options.all("empty-ns"),
          .tcp_established = options.on("tcp-established"),
          .external_unix_sockets = options.on("ext-unix-sk"),
          .shell_job = options.on("shell-job"),
          .file_locks = options.on("file-locks"),
          .auto_dedup = options.on("auto-dedup"),
          .lazy_pages = options.on("lazy-pages")};
}

int checkpoint(const Call& call) {
  const GivenOptions& options = call.options;
  call.runtime.checkpoint({.id = call.id(),
                           .criu = criu_request(call),
                           .parent_images = options.text("parent-path"),
                           .page_server = options.text("page-server"),
                           .pages_ready = status_teller(options),
                           .leave_running = options.on("leave-running"),
                           .pre_dump = options.on("pre-dump"),
                           .tcp_skip_in_flight = options.on("tcp-skip-in-flight")});
  return 0;
}

int restore(const Call& call) {
  const GivenOptions& options = call.options;
  const runtime::RestoreRequest request{.id = call.id(),
                                        .bundle = bundle_of(options),
                                        .criu = criu_request(call),
                                        .stdio = {},
                                        .pid_file = options.text("pid-file"),
                                        .console_socket = options.text("console-socket"),
                                        .detached = options.on("detach"),
                                        .lsm_profile = options.text("lsm-profile"),
                                        .lsm_mount_context = options.text("lsm-mount-context")};
  if (request.detached) {
    call.runtime.restore(request);
    return 0;
  }
  Foreground foreground;
  runtime::Child child = call.runtime.restore(request);
  const int status = foreground.attend(child);
  remove_if_there(call);
  return status;
}

int start(const Call& call) {
  call.runtime.start(call.id());
  return 0;
}

int state(const Call& call) {
  print(spec::print_state(call.runtime.state(call.id())));
  return 0;
}

int kill(const Call& call) {
  const std::string name = call.arguments.size() > 1 ? call.arguments[1] : "SIGTERM";
  const auto signal = spec::signal_number(name);
  if (!signal) throw error(Kind::kInvalidArgument, "{} is not a signal", name);
  call.runtime.kill(call.id(), *signal, call.options.on("all"));
  return 0;
}

int remove(const Call& call) {
  call.runtime.remove(call.id(), call.options.on("force"));
  return 0;
}

bool wants_json(const GivenOptions& options) {
  const std::string format = options.get("format").value_or("table");
  if (format != "table" && format != "json") {
    throw error(Kind::kInvalidArgument, "--format {}: there is table and json", format);
  }
  return format == "json";
}

int list(const Call& call) {
  const std::vector<spec::State> states = call.runtime.list();
  if (call.options.on("quiet")) {
    for (const spec::State& each : states) print(each.id + "\n");
  } else {
    print(wants_json(call.options) ? states_json(states) : states_table(states));
  }
  return 0;
}

std::vector<std::uint32_t> parse_gids(const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> gids;
  for (const std::string& text : texts) gids.push_back(parse_user(text).uid);
  return gids;
}

runtime::ExecRequest exec_request(const Call& call) {
  const GivenOptions& options = call.options;
  runtime::ExecRequest request;
  request.id = call.id();
  if (const auto file = options.get("process")) {
    request.process = with_context(*file, [&] { return spec::parse_process(read_file(*file)); });
  }
  request.args.assign(call.arguments.begin() + 1, call.arguments.end());
  if (!request.process && request.args.empty()) {
    throw error(Kind::kInvalidArgument, "exec needs a command, or --process FILE");
  }
  request.env = parse_variables(options.all("env"));
  if (const auto directory = options.get("cwd")) request.cwd = parse_directory(*directory);
  if (const auto user = options.get("user")) {
    const UserIds ids = parse_user(*user);
    request.uid = ids.uid;
    request.gid = ids.gid;
  }
  request.added_gids = parse_gids(options.all("additional-gids"));
  request.terminal = options.on("tty");
  if (request.process && options.on("tty")) request.process->terminal = true;
  if (options.on("no-new-privs")) request.no_new_privileges = true;
  request.apparmor_profile = options.text("apparmor");
  request.selinux_label = options.text("process-label");
  request.added_capabilities = options.all("cap");
  request.pid_file = options.text("pid-file");
  request.console_socket = options.text("console-socket");
  request.preserve_fds = preserved_fds(options);
  request.add_home = true;
  request.cgroups = parse_sub_cgroups(options.all("cgroup"));
  request.ignore_paused = options.on("ignore-paused");
  return request;
}

int exec(const Call& call) {
  const runtime::ExecRequest request = exec_request(call);
  const bool detach = call.options.on("detach");
  const bool terminal = request.process ? request.process->terminal : *request.terminal;
  check_terminal(terminal, detach, !request.console_socket.empty());
  if (detach) {
    call.runtime.exec(request);
    return 0;
  }
  Foreground foreground;
  runtime::Child child = call.runtime.exec(request);
  return foreground.attend(child);
}

int ps(const Call& call) {
  const std::vector<pid_t> pids = call.runtime.processes(call.id());
  if (wants_json(call.options)) {
    print(pids_json(pids));
  } else {
    print(processes_table(pids, {call.arguments.begin() + 1, call.arguments.end()}));
  }
  return 0;
}

int pause(const Call& call) {
  call.runtime.pause(call.id());
  return 0;
}

int resume(const Call& call) {
  call.runtime.resume(call.id());
  return 0;
}

int events(const Call& call) {
  if (call.options.on("stats")) {
    const spec::Status status = call.runtime.state(call.id()).status;
    if (status == spec::Status::kStopped) {
      throw error(Kind::kConflict, "container {} is not running", call.id());
    }
    print(stats_event(call.id(), call.runtime.detailed_stats(call.id())));
  } else {
    follow_events(call.runtime, call.id(),
                  parse_interval(call.options.get("interval").value_or("5s")), print);
  }
  return 0;
}

int update(const Call& call) {
  const UpdateRequest request = update_request(call.options);
  call.runtime.update(call.id(), request.resources, request.schemata);
  return 0;
}

int write_spec(const GivenOptions& options) {
  const std::filesystem::path path = std::filesystem::path(bundle_of(options)) / "config.json";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST) {
    throw error(Kind::kConflict, "{} exists already; it is not overwritten", path.native());
  }
  if (!fd) throw sys_error(errno, "create {}", path.native());
  spec::DefaultSpec wanted;
  if (options.on("rootless")) wanted.rootless = {.uid = ::geteuid(), .gid = ::getegid()};
  write_all(fd.get(), spec::default_config(wanted), path.native());
  return 0;
}

int recover(const Call& call) {
  for (const std::string& id : call.runtime.recover()) print(id + "\n");
  return 0;
}

struct Entry {
  std::string_view verb;
  int (*carry_out)(const Call&);
};

constexpr Entry kEntries[] = {
    {"create", create},   {"start", start},   {"run", run},
    {"state", state},     {"kill", kill},     {"delete", remove},
    {"list", list},       {"exec", exec},     {"ps", ps},
    {"recover", recover}, {"pause", pause},   {"resume", resume},
    {"update", update},   {"events", events}, {"checkpoint", checkpoint},
    {"restore", restore},
};

std::string features_text() {
  return spec::print_features({{"seatrial.runtime.version", SEATRIAL_VERSION},
                               {"seatrial.runtime.commit", SEATRIAL_COMMIT},
                               {"seatrial.runtime.checkpoint.enabled", "true"}});
}

runtime::CgroupManager cgroup_manager(const GivenOptions& globals) {
  return globals.on("systemd-cgroup") ? runtime::CgroupManager::kSystemd
                                      : runtime::CgroupManager::kSelf;
}

Runtime open_runtime(const GivenOptions& globals) {
  const runtime::Rootless rootless = parse_rootless(globals.get("rootless").value_or("auto"));
  const runtime::CgroupManager manager = cgroup_manager(globals);
  if (const auto root = globals.get("root")) return Runtime(*root, rootless, manager);
  const std::filesystem::path root = runtime::default_root();
  const char* const runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir == nullptr || *runtime_dir == '\0') {
    return with_context("without --root and $XDG_RUNTIME_DIR",
                        [&] { return Runtime(root, rootless, manager); });
  }
  Runtime made(root, rootless, manager);
  // XDG Base Directory Specification: what is not touched for hours may be cleaned from there,
  // unless it has the sticky bit.
  if (root.parent_path() == runtime_dir) ::chmod(root.c_str(), 01700);
  return made;
}

// Verbs that need no state root. Nothing for the others.
std::optional<int> carry_out_alone(const CommandLine& line) {
  const std::string_view verb = line.verb->name;
  if (verb == "spec") return write_spec(line.options);
  if (verb == "features") {
    print(features_text());
  } else if (verb == "plan") {
    print(runtime::plan_text(bundle_of(line.options), cgroup_manager(line.globals)));
  } else if (verb == "completion") {
    print(completion_text(line.arguments.front()));
  } else if (verb == "man") {
    print(man_text());
  } else {
    return std::nullopt;
  }
  return 0;
}

}  // namespace

UserIds parse_user(std::string_view text) {
  const auto parse = [&](std::string_view digits) {
    std::uint32_t id = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end || id > spec::kHighestId) {
      throw error(Kind::kInvalidArgument, "{} is not UID or UID:GID, in numbers up to {}", text,
                  spec::kHighestId);
    }
    return id;
  };
  const std::size_t colon = text.find(':');
  UserIds user{.uid = parse(text.substr(0, colon))};
  if (colon != text.npos) user.gid = parse(text.substr(colon + 1));
  return user;
}

std::string parse_directory(const std::string& text) {
  if (text.starts_with('/')) return text;
  throw error(Kind::kInvalidArgument, "option --cwd: {} is not an absolute path", text);
}

std::vector<std::string> parse_variables(std::vector<std::string> texts) {
  for (const std::string& text : texts) {
    if (text.find('=') != text.npos && !text.starts_with('=')) continue;
    throw error(Kind::kInvalidArgument, "option --env: {} is not NAME=VALUE", text);
  }
  return texts;
}

runtime::Rootless parse_rootless(std::string_view text) {
  using runtime::Rootless;
  if (text == "auto") return Rootless::kDetect;
  for (const std::string_view word : {"true", "True", "TRUE", "t", "T", "1"}) {
    if (text == word) return Rootless::kYes;
  }
  for (const std::string_view word : {"false", "False", "FALSE", "f", "F", "0"}) {
    if (text == word) return Rootless::kNo;
  }
  throw error(Kind::kInvalidArgument, "--rootless {}: there is true, false and auto", text);
}

std::function<void()> status_teller(const GivenOptions& options) {
  const std::optional<long> given = options.number("status-fd");
  if (!given) return {};
  const int fd = *given >= 0 && *given <= kMostDescriptors ? static_cast<int>(*given) : -1;
  const int flags = ::fcntl(fd, F_GETFL);
  // What is close-on-exec is this process's own.
  if (flags < 0 || (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) {
    throw error(Kind::kInvalidArgument, "option --status-fd: {} is no open descriptor", *given);
  }
  if ((flags & O_ACCMODE) == O_RDONLY) {
    throw error(Kind::kInvalidArgument, "option --status-fd: {} is not open for writing", *given);
  }
  return [fd] {
    // Who has hung up is told of like any other failure. What this process starts inherits that.
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Undo restore;
    restore.add([before] { std::signal(SIGPIPE, before); });
    write_all(fd, std::string_view("", 1), "the descriptor of --status-fd");
    ::close(fd);
  };
}

std::string version_text() {
  return fmt::format("seatrial-runtime version {}\ncommit: {}\nspec: {}\n", SEATRIAL_VERSION,
                     SEATRIAL_COMMIT, spec::kNewestVersion);
}

int failure_status(const CommandLine& line) {
  return line.verb != nullptr && line.verb->name == "exec" ? 255 : 1;
}

int carry_out(const CommandLine& line, const Log& log) {
  if (line.globals.on("version")) {
    print(version_text());
    return 0;
  }
  if (line.verb == nullptr || line.globals.on("help") || line.options.on("help")) {
    print(help_text(line.verb));
    return 0;
  }
  if (const auto done = carry_out_alone(line)) return *done;
  Runtime runtime = open_runtime(line.globals);
  runtime.on_warning([&log](std::string_view text) { log.write(LogLevel::kWarning, text); });
  for (const Entry& entry : kEntries) {
    if (entry.verb == line.verb->name) {
      return entry.carry_out({line.globals, line.options, line.arguments, runtime});
    }
  }
  throw error(Kind::kInternal, "the command {} has no implementation", line.verb->name);
}

}  // namespace seatrial::oci
