#include "harness/cli/settings.h"

#include <CLI/CLI.hpp>

namespace seatrial::cli {
namespace {

// A list that is given by repeating the option, one value each.
void add_list(CLI::App& verb, const std::string& name, std::vector<std::string>& list,
              const std::string& description, const std::string& type) {
  verb.add_option(name, list, description)
      ->expected(1)
      ->allow_extra_args(false)
      ->type_name(type)
      ->take_all();
}

void add_outputs(CLI::App& verb, Settings& settings) {
  verb.add_option("--junit", settings.junit, "Write JUnit files into this directory")
      ->type_name("DIR");
  verb.add_flag("--junit-extended", settings.junit_extended,
                "Let the JUnit files have what only newer readers take");
  verb.add_option("--html", settings.html, "Write the page index.html into this directory")
      ->type_name("DIR");
  verb.add_option("--json", settings.json, "Write all results to this file; - is standard output")
      ->type_name("FILE");
  verb.add_flag("-q,--quiet", settings.quiet, "Print failures only");
}

void add_choice_of_cases(CLI::App& verb, Settings& settings) {
  add_list(
      verb, "--target", settings.targets,
      "What to test: reference, oci:COMMAND for any runc-like runtime, or another form that a "
      "suite "
      "takes. A runtime may have one of these at its end: +sandboxed refuses it newer system "
      "calls, "
      "+userns makes it root of a user namespace alone, +rootless a user without any privilege. "
      "Repeatable; without it: the reference and every known peer that is installed",
      "TARGET");
  add_list(verb, "--suite", settings.suites, "Run this suite only. Repeatable", "SUITE");
  add_list(verb, "--filter", settings.filters,
           "Run cases whose name, or one of whose clauses, matches this glob. Repeatable", "GLOB");
  add_list(verb, "--case", settings.cases, "Run the case of exactly this name. Repeatable", "CASE");
  verb.add_option("--shard", settings.shard,
                  "Of the cases chosen, run the I-th of N shares; report puts them together again")
      ->type_name("I/N");
  verb.add_flag("--list", settings.list, "Print the cases with clauses and needs; run nothing");
}

void add_ways_to_run(CLI::App& verb, Settings& settings) {
  verb.add_option("-j,--jobs", settings.jobs, "Cases at a time; without it: one per processor")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  verb.add_option("--deadline-scale", settings.deadline_scale,
                  "Multiply every deadline, for slow machines")
      ->check(CLI::Range(0.01, 1000.0))
      ->type_name("X");
  verb.add_option("--repeat", settings.repeat, "Run each case this often and tell which are flaky")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N");
  verb.add_option("--resume", settings.resume,
                  "Take the verdicts that this --json file has; run only the rest")
      ->type_name("FILE");
  verb.add_option("--progress", settings.progress, "Show a progress line: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  verb.add_flag("--no-host-check", settings.no_host_check,
                "Do not compare the host before and after, because others work on it meanwhile");
  verb.add_option("--facts-cache", settings.facts_cache,
                  "Keep what is found out about targets in this directory")
      ->type_name("DIR");
}

// `prefix` "lane-": for a verb that is not about lanes alone.
std::vector<CLI::Option*> add_machine(CLI::App& verb, Settings& settings, const std::string& prefix,
                                      const std::string& timeout) {
  const std::string dashes = "--" + prefix;
  return {verb.add_option(dashes + "memory", settings.lane_memory,
                          "The lane's memory, in MiB (2048, more for much that it takes along)")
              ->check(CLI::Range(256, 65536))
              ->type_name("MIB"),
          verb.add_option(dashes + "cpus", settings.lane_cpus, "The lane's processors (2)")
              ->check(CLI::Range(1, 64))
              ->type_name("N"),
          verb.add_option(dashes + "console", settings.lane_console,
                          "Keep what the lane's kernel prints in this file")
              ->type_name("FILE"),
          verb.add_option(dashes + "timeout", settings.lane_timeout,
                          "Turn the lane off after this many seconds (" + timeout + ")")
              ->check(CLI::Range(1, 86400))
              ->type_name("SECONDS")};
}

void add_lane(CLI::App& app, Settings& settings) {
  CLI::App& group = *app.add_subcommand("lane", "Use another kernel: a disposable QEMU machine");
  group.require_subcommand(1);
  CLI::App& verb = *group.add_subcommand("run", "Run a command of this host on another kernel");
  verb.add_option("--kernel", settings.lane_kernel, "The series of Debian's cloud kernel: 6.1")
      ->type_name("SERIES");
  verb.add_option("--cgroup", settings.lane_cgroup, "The control groups: v2, v1 or hybrid (v2)")
      ->type_name("LAYOUT");
  verb.add_option("--lsm", settings.lane_lsm,
                  "The security module: apparmor, selinux or none (none)")
      ->type_name("MODULE");
  add_machine(verb, settings, "", "600");
  add_list(verb, "--with", settings.lane_with,
           "Take this file or directory along, under its own path; programs bring their "
           "libraries. Repeatable",
           "PATH");
  add_list(verb, "--env", settings.lane_env, "Set a variable for the command. Repeatable",
           "NAME=VALUE");
  verb.add_option("--workdir", settings.lane_directory, "Where the command starts (/root)")
      ->type_name("DIR");
  verb.add_option("command", settings.lane_command, "The command and its arguments")
      ->required()
      ->type_name("COMMAND");
  verb.footer(
      "The lane has no network and no disk; it boots in a few seconds, and what the command "
      "writes\n"
      "is gone with it. Exit status: the command's own, 128+N when signal N ended it, 125 when "
      "the\n"
      "machine panicked, hung, ran out of memory or time: standard error says which.\n\n"
      "Examples:\n"
      "  seatrial lane run -- uname -r\n"
      "  seatrial lane run --cgroup hybrid -- cat /proc/self/cgroup\n"
      "  seatrial lane run --with ./bundle --workdir $PWD/bundle -- runc run box");
}

void add_conform(CLI::App& app, Settings& settings) {
  CLI::App& verb = *app.add_subcommand("conform", "Run the conformance suites against engines");
  add_choice_of_cases(verb, settings);
  add_ways_to_run(verb, settings);
  verb.add_flag("--strict", settings.strict, "A skipped case with a binding clause is a failure");
  add_list(verb, "--waivers", settings.waivers,
           "Expect the deviations that this file lists. Repeatable", "FILE");
  verb.add_flag("--no-waivers", settings.no_waivers,
                "Leave out the waivers that ship with the suites");
  add_outputs(verb, settings);
  CLI::Option* const lane =
      verb.add_option(
              "--lane", settings.lane,
              "Run on another kernel, see `seatrial help lane`: 6.1-v2, 6.1-v1, 6.1-hybrid, "
              "each also with -apparmor or -selinux. Without --suite, --filter or --case: the "
              "suite "
              "runtime; without --target: reference")
          ->type_name("LANE");
  for (CLI::Option* option : add_machine(verb, settings, "lane-", "7200")) option->needs(lane);
  verb.footer(
      "Exit status: 0 all kept, 1 an engine failed a case or something was left on the host,\n"
      "2 the harness or the command line was wrong, 3 nothing ran.\n\n"
      "Examples:\n"
      "  seatrial conform\n"
      "  seatrial conform --target oci:/opt/runc --filter 'MaskedPaths.*'\n"
      "  seatrial conform --target oci:crun --filter 'runtime/hooks/*' --html results\n"
      "  seatrial conform --junit results/junit --json results/run.json -j 4\n"
      "  seatrial conform --lane 6.1-v2 --filter 'Cgroup*' --junit results/v2");
}

void add_readers(CLI::App& app, Settings& settings) {
  CLI::App& clauses = *app.add_subcommand("clauses",
                                          "Print what the specifications ask, and which "
                                          "cases hold engines to it");
  clauses.add_flag("--uncovered", settings.uncovered,
                   "Only binding and documented clauses without a case");
  clauses
      .add_option("--specification", settings.specification,
                  "Only this one: runtime, image, distribution, docker or security")
      ->type_name("NAME");
  clauses
      .add_option("--oci-version", settings.oci_version,
                  "Only clauses that hold in this version of the specification (runtime, unless "
                  "another is named)")
      ->type_name("VERSION");
  clauses.add_flag("--check", settings.check,
                   "Fail where a binding clause has neither a case nor a reason why none can "
                   "observe it, where reasons are more than a tenth, or where less than half of "
                   "what SHOULD be done has a case");
  clauses.add_flag("--json", settings.as_json, "Print JSON");
  clauses.footer(
      "Examples:\n"
      "  seatrial clauses --uncovered\n"
      "  seatrial clauses --specification image --uncovered\n"
      "  seatrial clauses --specification runtime --check\n"
      "  seatrial clauses --oci-version 1.0.2 --json");

  CLI::App& report =
      *app.add_subcommand("report", "Print the results of earlier runs again, as one, in any form");
  report
      .add_option("file", settings.report_files,
                  "What conform --json wrote; several are put together, as shards of one run")
      ->required()
      ->type_name("FILE");
  add_outputs(report, settings);
  report.footer(
      "Ends with the exit status of the run.\n\n"
      "Examples:\n"
      "  seatrial report results/run.json\n"
      "  seatrial report shard1.json shard2.json --json results/run.json\n"
      "  seatrial report results/run.json --html results --junit results/junit");

  CLI::App& check = *app.add_subcommand("check", "Print what this host lacks, and what that costs");
  check.footer("Examples:\n  seatrial check");
}

void add_helpers(CLI::App& app, Settings& settings) {
  CLI::App& completion = *app.add_subcommand("completion", "Print a completion script for a shell");
  completion.add_option("shell", settings.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
  completion.footer(
      "Examples:\n"
      "  seatrial completion bash > /etc/bash_completion.d/seatrial\n"
      "  seatrial completion fish > ~/.config/fish/completions/seatrial.fish");
  app.add_subcommand("manual", "Print the manual page, for man")
      ->footer("Examples:\n  seatrial manual > /usr/share/man/man1/seatrial.1");
  CLI::App& help = *app.add_subcommand("help", "Print how a verb is used");
  help.add_option("verb", settings.topic, "The verb")->type_name("VERB");
  help.footer("Examples:\n  seatrial help conform");
}

}  // namespace

std::unique_ptr<CLI::App> command_line(Settings& settings) {
  auto app = std::make_unique<CLI::App>("Sea trials for container engines", "seatrial");
  app->require_subcommand(1);
  app->set_version_flag("--version", "seatrial " SEATRIAL_VERSION, "Print the version");
  app->get_formatter()->column_width(34);
  add_conform(*app, settings);
  add_lane(*app, settings);
  add_readers(*app, settings);
  add_helpers(*app, settings);
  add_engine_verbs(*app);
  app->footer(
      "Examples:\n"
      "  seatrial conform\n"
      "  seatrial clauses --uncovered\n"
      "  seatrial run --rm busybox true\n"
      "  seatrial help conform");
  return app;
}

}  // namespace seatrial::cli
