#include "harness/target/oci_target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/process.h"

namespace seatrial::harness {
namespace {

constexpr const char* kUnifiedBesideV1 = "/sys/fs/cgroup/unified";

// The rest of the line that begins with `label`; empty when there is none.
std::string_view line_after(std::string_view text, std::string_view label) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(label)) return line.substr(label.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

std::vector<std::string> create_arguments(const char* verb, const CreateCall& call) {
  std::vector<std::string> arguments{verb, "--bundle", call.bundle};
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {name, value});
  };
  option("--pid-file", call.pid_file);
  option("--console-socket", call.console_socket);
  if (!call.preserve_fds.empty()) {
    option("--preserve-fds", std::to_string(call.preserve_fds.size()));
  }
  if (call.no_pivot) arguments.emplace_back("--no-pivot");
  if (call.no_new_keyring) arguments.emplace_back("--no-new-keyring");
  arguments.push_back(call.id);
  return arguments;
}

std::vector<std::string> exec_arguments(const ExecCall& call, const std::filesystem::path& file) {
  std::vector<std::string> arguments{"exec"};
  if (!call.process.empty()) {
    write_file_atomically(file, call.process);
    return {"exec", "--process", file, call.id};
  }
  for (const std::string& assignment : call.env) {
    arguments.insert(arguments.end(), {"--env", assignment});
  }
  if (call.cwd) arguments.insert(arguments.end(), {"--cwd", *call.cwd});
  if (call.uid) {
    const std::string group = call.gid ? ":" + std::to_string(*call.gid) : "";
    arguments.insert(arguments.end(), {"--user", std::to_string(*call.uid) + group});
  }
  arguments.push_back(call.id);
  arguments.insert(arguments.end(), call.args.begin(), call.args.end());
  return arguments;
}

}  // namespace

RuntimeVersion parse_version_text(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::size_t middle = first.find(" version ");
  const std::string_view specification = line_after(text, "spec: ");
  if (middle == std::string_view::npos || specification.empty()) {
    throw error(Kind::kInvalidArgument,
                "--version printed \"{}\", not \"NAME version X\" and a line \"spec: Y\"", text);
  }
  RuntimeVersion version{.name = std::string(first.substr(0, middle)),
                         .version = std::string(first.substr(middle + 9)),
                         .oci_version = std::string(specification)};
  version.oci_version.resize(
      std::min(version.oci_version.find_first_of("-+ "), version.oci_version.size()));
  return version;
}

std::string messages_of_log(std::string_view log) {
  std::string messages;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    std::string message(line);
    if (entry.is_object() && entry.contains("msg") && entry["msg"].is_string()) {
      const std::string level = entry.value("level", "error");
      message = (level == "error" ? "" : level + ": ") + entry["msg"].get<std::string>();
    }
    if (!messages.empty()) messages += '\n';
    messages += message;
  }
  return messages;
}

TargetInfo ask_version(std::string_view spec, const std::filesystem::path& program) {
  const Outcome outcome = run_command({program, "--version"});
  if (!outcome.succeeded()) {
    throw error(Kind::kInvalidArgument, "{} --version: {}", program.native(), describe(outcome));
  }
  RuntimeVersion version =
      with_context(program.native(), [&] { return parse_version_text(outcome.output); });
  return {.spec = std::string(spec),
          .name = std::move(version.name),
          .version = std::move(version.version),
          .oci_version = std::move(version.oci_version),
          .features = {},
          .missing = {}};
}

OciTarget::OciTarget(std::filesystem::path program, std::filesystem::path state_root,
                     TargetInfo info)
    : program_(std::move(program)), state_root_(std::move(state_root)), info_(std::move(info)) {}

// crun 1.8 takes a host with /sys/fs/cgroup/unified for one that systemd manages in hybrid mode,
// and refuses. The namespace is the case's own: on the host the mount stays.
void OciTarget::prepare_namespace() {
  struct statfs status{};
  if (info_.name != "crun" || ::statfs(kUnifiedBesideV1, &status) != 0 ||
      status.f_type != CGROUP2_SUPER_MAGIC) {
    return;
  }
  if (::umount2(kUnifiedBesideV1, MNT_DETACH) != 0) {
    throw sys_error(errno, "unmount {} for crun", kUnifiedBesideV1);
  }
}

std::vector<std::string> OciTarget::command_line(const std::vector<std::string>& arguments) const {
  std::vector<std::string> line{program_, "--root", state_root_};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

Outcome OciTarget::command(const std::vector<std::string>& arguments) {
  return run_command(command_line(arguments));
}

// The container inherits standard error, so what the engine itself has to say goes to a log: it
// must not be mixed up, and a container may keep the pipe open for as long as it likes.
Outcome OciTarget::create(const CreateCall& call) {
  const std::filesystem::path log = state_root_.native() + ".log." + call.id;
  std::vector<std::string> line{program_, "--root",       state_root_, "--log",
                                log,      "--log-format", "json"};
  if (call.in == CreateCall::kClosed) {
    line.insert(line.begin(), {"/bin/sh", "-c", R"(exec "$0" "$@" <&-)"});
  }
  const std::vector<std::string> arguments = create_arguments("create", call);
  line.insert(line.end(), arguments.begin(), arguments.end());
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const auto or_null = [&](int fd) { return fd < 0 ? null.get() : fd; };
  std::vector<int> extra = call.preserve_fds;
  extra.insert(extra.end(), call.inherited_fds.begin(), call.inherited_fds.end());
  Outcome outcome = run_command(line, {.in = or_null(call.in),
                                       .out = or_null(call.out),
                                       .err = or_null(call.err),
                                       .extra = std::move(extra)});
  std::error_code absent;
  if (std::filesystem::exists(log, absent)) {
    outcome.error_text = messages_of_log(read_file(log));
    std::filesystem::remove(log, absent);
  }
  return outcome;
}

Outcome OciTarget::run(const CreateCall& call) {
  CommandOptions options;
  options.in = call.in;
  options.out = call.out;
  options.err = call.err;
  options.extra = call.preserve_fds;
  return run_command(command_line(create_arguments("run", call)), options);
}

Outcome OciTarget::start(const std::string& id) {
  return command({"start", id});
}
Outcome OciTarget::state(const std::string& id) {
  return command({"state", id});
}
Outcome OciTarget::list() {
  return command({"list", "--format", "json"});
}

Outcome OciTarget::kill(const std::string& id, const std::string& signal, bool all) {
  if (all) return command({"kill", "--all", id, signal});
  return command({"kill", id, signal});
}

Outcome OciTarget::remove(const std::string& id, bool force) {
  if (force) return command({"delete", "--force", id});
  return command({"delete", id});
}

Outcome OciTarget::ps(const std::string& id) {
  return command({"ps", "--format", "json", id});
}

Outcome OciTarget::exec(const ExecCall& call) {
  const std::filesystem::path file = state_root_.native() + ".process.json";
  CommandOptions options;
  options.extra = call.inherited_fds;
  const Outcome outcome = run_command(command_line(exec_arguments(call, file)), options);
  std::error_code absent;
  std::filesystem::remove(file, absent);
  return outcome;
}

}  // namespace seatrial::harness
