// `seatrial lane run`.
#include "harness/lane/lane.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/cli/lane_request.h"
#include "harness/cli/verbs.h"
#include "harness/lane/tool.h"

namespace seatrial::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kSignalled = 128;
constexpr int kTimeout = 600;

// A command of this host, as a shell finds it.
fs::path program_of(const std::string& word) {
  const fs::path program =
      word.find('/') == std::string::npos ? lane::find_program(word) : fs::absolute(word);
  if (program.empty() || !fs::exists(program)) {
    throw error(Kind::kNotFound, "there is no command \"{}\"", word);
  }
  return program;
}

lane::Job job_of(const Settings& settings, const fs::path& program) {
  lane::Job job{.args = settings.lane_command, .directory = settings.lane_directory};
  job.args.front() = program;
  job.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
             "USER=root"};
  for (const std::string& variable : settings.lane_env) {
    if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
      throw error(Kind::kInvalidArgument, "--env takes NAME=VALUE, not \"{}\"", variable);
    }
    job.env.push_back(variable);
  }
  return job;
}

int status_of(const lane::Verdict& verdict) {
  if (!verdict.sentence.empty()) fmt::print(stderr, "seatrial: {}\n", verdict.sentence);
  switch (verdict.kind) {
    case lane::VerdictKind::kExited:
      return verdict.code;
    case lane::VerdictKind::kKilled:
      return kSignalled + verdict.code;
    default:
      return kNoStatus;
  }
}

}  // namespace

lane::LaneRequest lane_request(const Settings& settings, int seconds) {
  // Step by step: GCC 12 destroys the list of an aggregate twice when a later member throws.
  lane::LaneRequest request;
  request.memory_mib = settings.lane_memory;
  request.cpus = settings.lane_cpus;
  request.timeout =
      std::chrono::seconds(settings.lane_timeout > 0 ? settings.lane_timeout : seconds);
  request.cache = lane::default_cache();
  request.console = settings.lane_console;
  return request;
}

lane::Sinks own_streams() {
  return {
      .standard_output = [](std::string_view bytes) { write_all(STDOUT_FILENO, bytes, "stdout"); },
      .standard_error = [](std::string_view bytes) { write_all(STDERR_FILENO, bytes, "stderr"); },
      .file = [](std::size_t, std::string_view) {},
      .bytes = [](std::string_view) {}};
}

int lane_run(const Settings& settings) {
  const fs::path program = program_of(settings.lane_command.front());
  lane::LaneRequest request = lane_request(settings, kTimeout);
  request.name = {.kernel = settings.lane_kernel,
                  .cgroup = lane::parse_cgroup_layout(settings.lane_cgroup),
                  .security = lane::parse_security_module(settings.lane_lsm)};
  lane::check_kernel(settings.lane_kernel);
  request.job = job_of(settings, program);
  request.cargo = lane::basic_cargo();
  request.cargo.add(program);
  for (const std::string& path : settings.lane_with) request.cargo.add(path);
  return status_of(lane::run_lane(request, own_streams()));
}

}  // namespace seatrial::cli
