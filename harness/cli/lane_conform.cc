// `seatrial conform --lane`: the same verb, inside another machine.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/cli/lane_request.h"
#include "harness/cli/verbs.h"
#include "harness/runner/suites.h"
#include "harness/runner/targets.h"

namespace seatrial::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kTimeout = 7200;
constexpr const char* kResults = "/root/results";
// A processor that is made of software takes this much longer.
constexpr double kSlowness = 10;

using Words = std::vector<std::string>;

void append_all(Words& words, const std::string& option, const Words& values) {
  for (const std::string& value : values) words.insert(words.end(), {option, value});
}

void append_if(Words& words, bool condition, const Words& more) {
  if (condition) words.insert(words.end(), more.begin(), more.end());
}

Words targets_of(const Settings& settings) {
  return settings.targets.empty() ? Words{"reference"} : settings.targets;
}

// Without a choice of cases: one suite, because a case costs 10 to 25 times as much here.
Words suites_of(const Settings& settings) {
  const bool chosen =
      !settings.suites.empty() || !settings.filters.empty() || !settings.cases.empty();
  return chosen ? settings.suites : Words{"runtime"};
}

Words command_line_of(const Settings& settings, const fs::path& program) {
  Words words{program, "conform", "--progress", "never"};
  append_all(words, "--target", targets_of(settings));
  append_all(words, "--suite", suites_of(settings));
  append_all(words, "--filter", settings.filters);
  append_all(words, "--case", settings.cases);
  append_if(words, !settings.shard.empty(), {"--shard", settings.shard});
  for (const std::string& file : settings.waivers) {
    append_if(words, true, {"--waivers", fs::absolute(file)});
  }
  if (!settings.resume.empty()) append_if(words, true, {"--resume", fs::absolute(settings.resume)});
  append_if(words, settings.jobs > 0, {"--jobs", fmt::format("{}", settings.jobs)});
  append_if(words, settings.repeat > 1, {"--repeat", fmt::format("{}", settings.repeat)});
  append_if(words, true,
            {"--deadline-scale", fmt::format("{}", settings.deadline_scale * kSlowness)});
  append_if(words, settings.strict, {"--strict"});
  append_if(words, settings.no_waivers, {"--no-waivers"});
  append_if(words, settings.no_host_check, {"--no-host-check"});
  append_if(words, settings.junit_extended, {"--junit-extended"});
  append_if(words, settings.quiet, {"--quiet"});
  const std::string results = kResults;
  append_if(words, !settings.junit.empty(), {"--junit", results + "/junit"});
  append_if(words, !settings.html.empty(), {"--html", results + "/html"});
  append_if(words, settings.json == "-", {"--json", "-"});
  append_if(words, !settings.json.empty() && settings.json != "-",
            {"--json", results + "/run.json"});
  return words;
}

lane::Cargo cargo_of(const Settings& settings, const fs::path& program) {
  harness::Interrupt interrupt;
  const fs::path directory = harness::suites_directory();
  const auto suites = harness::load_suites(interrupt, directory, suites_of(settings));
  harness::check_names({.globs = {}, .names = settings.cases}, suites);
  lane::Cargo cargo = lane::basic_cargo();
  for (const char* name : {"seatrial", "seatrial-runtime", "seatrial-probe"}) {
    cargo.add(program.parent_path() / name);
  }
  for (const harness::SuiteProgram& suite : suites) {
    cargo.add(suite.program);
    cargo.add_if_there(directory / "waivers" / suite.name);
  }
  for (const std::string& target : targets_of(settings)) {
    cargo.add_if_there(harness::command_of(target));
  }
  for (const std::string& file : settings.waivers) cargo.add(file);
  if (!settings.resume.empty()) cargo.add(settings.resume);
  if (interrupt.came()) throw error(Kind::kUnavailable, "interrupted");
  return cargo;
}

// Puts the files of the lane's results where the command line wants them. A file appears when it is
// whole.
class Delivery {
 public:
  explicit Delivery(const Settings& settings) : settings_(settings) {}

  void begin(std::string_view path) {
    end();
    file_ = place_of(path);
  }
  void bytes(std::string_view more) { content_ += more; }
  void end() {
    if (!file_.empty()) {
      if (file_.has_parent_path()) make_directories(file_.parent_path());
      write_file_atomically(file_, content_);
    }
    file_.clear();
    content_.clear();
  }

 private:
  fs::path place_of(std::string_view path) const {
    const std::string_view first = path.substr(0, path.find('/'));
    const std::string_view rest = path.substr(std::min(path.size(), first.size() + 1));
    if (first == "junit" && !settings_.junit.empty()) return fs::path(settings_.junit) / rest;
    if (first == "html" && !settings_.html.empty()) return fs::path(settings_.html) / rest;
    if (path == "run.json" && !settings_.json.empty()) return settings_.json;
    return {};
  }

  const Settings& settings_;
  fs::path file_;
  std::string content_;
};

}  // namespace

int conform_in_lane(const Settings& settings) {
  if (!settings.facts_cache.empty()) {
    throw error(Kind::kInvalidArgument,
                "--facts-cache is of no use in a lane, which keeps nothing");
  }
  const fs::path program = fs::read_symlink("/proc/self/exe");
  lane::LaneRequest request = lane_request(settings, kTimeout);
  request.name = lane::parse_lane_name(settings.lane);
  request.job.args = command_line_of(settings, program);
  request.job.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                     "HOME=/root", "SEATRIAL_SUITES=" + harness::suites_directory().native()};
  request.job.collect = {kResults};
  request.cargo = cargo_of(settings, program);
  Delivery delivery(settings);
  lane::Sinks sinks = own_streams();
  sinks.file = [&](std::size_t, std::string_view path) { delivery.begin(path); };
  sinks.bytes = [&](std::string_view bytes) { delivery.bytes(bytes); };
  const lane::Verdict verdict = lane::run_lane(request, sinks);
  if (verdict.kind == lane::VerdictKind::kExited) {
    delivery.end();
    return verdict.code;
  }
  fmt::print(stderr, "seatrial: lane {}: {}\n", settings.lane, verdict.sentence);
  return kHarnessFailed;
}

}  // namespace seatrial::cli
