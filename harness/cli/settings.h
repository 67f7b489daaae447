// What the command line of `seatrial` says, and the table that reads it.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

namespace seatrial::cli {

struct Settings {
  // conform
  std::vector<std::string> targets;
  std::vector<std::string> suites;
  std::vector<std::string> filters;
  std::vector<std::string> cases;
  std::string shard;
  std::vector<std::string> waivers;
  std::string resume;
  std::string facts_cache;
  std::string progress = "auto";
  int jobs = 0;
  int repeat = 1;
  double deadline_scale = 1;
  bool list = false;
  bool strict = false;
  bool no_waivers = false;
  bool no_host_check = false;
  std::string lane;
  // lane run
  std::string lane_kernel = "6.1";
  std::string lane_cgroup = "v2";
  std::string lane_lsm = "none";
  std::vector<std::string> lane_with;
  std::vector<std::string> lane_env;
  std::vector<std::string> lane_command;
  std::string lane_directory = "/root";
  // lane run, and conform in a lane
  std::string lane_console;
  int lane_memory = 0;  // as lane::memory_for() finds
  int lane_cpus = 2;
  int lane_timeout = 0;
  // conform and report
  std::string junit;
  std::string html;
  std::string json;
  bool junit_extended = false;
  bool quiet = false;
  // clauses
  bool uncovered = false;
  bool check = false;
  bool as_json = false;
  std::string specification;
  std::string oci_version;
  // report
  std::vector<std::string> report_files;
  // completion
  std::string shell;
  // help
  std::string topic;
};

// The table of verbs and options. `settings` must outlive the parsing.
std::unique_ptr<CLI::App> command_line(Settings& settings);

// Adds the engine's verbs to the table, for help, completion and the manual: engine/cli itself
// parses them.
void add_engine_verbs(CLI::App& app);

}  // namespace seatrial::cli
