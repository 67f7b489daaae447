#include "harness/runner/run.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/undo.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/protocol.h"
#include "harness/runner/host.h"
#include "harness/runner/judge.h"
#include "harness/runner/scratch.h"
#include "harness/runner/strays.h"
#include "harness/runner/targets.h"
#include "harness/sentinel/host_snapshot.h"

namespace seatrial::harness {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDescribeDeadline{60000};
constexpr milliseconds kSettlingTime{3000};
// What a process that was told to end may still need.
constexpr milliseconds kGrace{500};

int processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// One case on one target, and what its runs came to.
struct Unit {
  std::string target;
  const SuiteProgram* suite = nullptr;
  const CaseInfo* info = nullptr;
  std::filesystem::path facts;
  std::vector<CaseResult> runs;
};

// The report shows a target once, with what all suites know of it.
void add_facts(std::optional<TargetInfo>& target, TargetInfo seen) {
  if (!target) {
    target = std::move(seen);
    return;
  }
  if (target->oci_version.empty()) target->oci_version = std::move(seen.oci_version);
  const auto add = [](std::vector<std::string>& lines, std::vector<std::string>& more) {
    for (std::string& line : more) {
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
    }
  };
  add(target->features, seen.features);
  add(target->missing, seen.missing);
}

class Run {
 public:
  Run(Interrupt& interrupt, const std::vector<SuiteProgram>& suites, const RunOptions& options)
      : interrupt_(&interrupt), suites_(&suites), options_(&options), pool_(interrupt) {}

  RunOutcome go();

 private:
  bool selects_any() const;
  void describe_targets();
  bool is_taken(const std::string& spec) const;
  std::string facts_of(const FactsCache& cache, const SuiteProgram& suite, const std::string& spec);
  void describe(const std::string& spec);
  void take_over(Unit& unit) const;
  std::vector<Unit*> order_of_work();
  void run_units();
  void start(Unit& unit);
  void finish(Unit& unit, const ChildOutcome& outcome, const std::filesystem::path& ledger);
  void forgotten_by(const CaseResult& result, pid_t pid);
  void clean_after(pid_t pid, const std::filesystem::path& ledger, CaseResult* result);
  void look_for_leftovers(const sentinel::HostSnapshot& before);
  void report_results();

  Interrupt* interrupt_;
  const std::vector<SuiteProgram>* suites_;
  const RunOptions* options_;
  const Subreaper subreaper_;
  Scratch scratch_;
  RunOutcome outcome_;
  std::vector<Unit> units_;  // by target, then suite and case: the order of the report
  std::optional<Progress> progress_;
  std::size_t ledgers_ = 0;
  ChildPool pool_;  // last: its children refer to all the others
};

RunOutcome Run::go() {
  outcome_.report.host = host_info();
  for (const std::string& sentence : clean_killed_runs()) {
    outcome_.notes.push_back("after an earlier run that was killed: " + sentence);
  }
  if (!selects_any()) return std::move(outcome_);
  std::optional<sentinel::HostSnapshot> before;
  if (options_->compare_host) before = sentinel::HostSnapshot::take({});
  describe_targets();
  run_units();
  if (before) look_for_leftovers(*before);
  end_strays({.grace = kGrace});
  report_results();
  return std::move(outcome_);
}

bool Run::selects_any() const {
  const std::vector<CaseInfo> cases = all_cases(*suites_);
  return std::any_of(cases.begin(), cases.end(),
                     [&](const CaseInfo& info) { return options_->selection.takes(info); });
}

void Run::describe_targets() {
  std::set<std::string> seen;
  for (const std::string& spec : options_->targets) {
    if (!seen.insert(spec).second) continue;
    if (!is_taken(spec)) {
      throw error(Kind::kInvalidArgument, "no chosen suite takes the target {}", spec);
    }
    describe(spec);
  }
  if (!options_->targets.empty()) return;
  for (const std::string& spec : known_targets()) {
    if (!is_taken(spec)) continue;
    try {
      describe(spec);
    } catch (const Error& failure) {
      outcome_.notes.emplace_back(failure.what());  // nobody asked for it by name
    }
  }
}

bool Run::is_taken(const std::string& spec) const {
  return std::any_of(suites_->begin(), suites_->end(),
                     [&](const SuiteProgram& suite) { return suite.takes_target(spec); });
}

// What a killed description could not take away is taken away here.
std::string Run::facts_of(const FactsCache& cache, const SuiteProgram& suite,
                          const std::string& spec) {
  const auto ledger = scratch_.ledger(ledgers_++);
  Undo clean;
  clean.add([&] {
    if (std::filesystem::exists(ledger)) clean_by_ledger(ledger);
  });
  return cache.describe(*interrupt_, suite, spec,
                        {.ledger = ledger, .deadline = scaled(kDescribeDeadline)});
}

// Each suite looks at the target with its own eyes: needs of runtimes are none of registries.
void Run::describe(const std::string& spec) {
  const FactsCache cache(options_->facts_cache);
  std::vector<Unit> units;
  std::optional<TargetInfo> target;
  for (const SuiteProgram& suite : *suites_) {
    if (!suite.takes_target(spec)) continue;
    const std::string facts = facts_of(cache, suite, spec);
    add_facts(target, parse_target_info(facts));
    target->spec = spec;
    const auto file = scratch_.path() /
                      fmt::format("facts-{}-{}.json", outcome_.report.targets.size(), suite.name);
    write_file_atomically(file, facts);
    for (const CaseInfo& info : suite.cases) {
      if (!options_->selection.takes(info)) continue;
      units.push_back({.target = spec, .suite = &suite, .info = &info, .facts = file, .runs = {}});
    }
  }
  outcome_.report.targets.push_back(*target);
  for (Unit& unit : units) {
    take_over(unit);
    units_.push_back(std::move(unit));
  }
}

// What an earlier run found out about the engine stands; what broke or was waived is run again.
void Run::take_over(Unit& unit) const {
  if (options_->earlier == nullptr) return;
  for (const CaseResult& result : options_->earlier->results) {
    if (result.target != unit.target || result.suite != unit.info->suite ||
        result.name != unit.info->name) {
      continue;
    }
    if (result.verdict == Verdict::kPass || result.verdict == Verdict::kFail ||
        result.verdict == Verdict::kSkip || result.verdict == Verdict::kNotApplicable) {
      unit.runs.push_back(result);
    }
  }
}

// Case by case, so that all targets advance together; repetitions lie apart.
std::vector<Unit*> Run::order_of_work() {
  std::vector<Unit*> once;
  for (Unit& unit : units_) {
    if (unit.runs.empty()) once.push_back(&unit);
  }
  std::sort(once.begin(), once.end(), [](const Unit* a, const Unit* b) {
    return std::tuple(a->suite, a->info, a) < std::tuple(b->suite, b->info, b);
  });
  std::vector<Unit*> work;
  for (int round = 0; round < options_->repeat; ++round) {
    work.insert(work.end(), once.begin(), once.end());
  }
  return work;
}

void Run::run_units() {
  const std::vector<Unit*> work = order_of_work();
  const auto jobs = static_cast<std::size_t>(options_->jobs > 0 ? options_->jobs : processors());
  progress_.emplace(options_->progress, work.size());
  std::size_t next = 0;
  while (next < work.size() || pool_.running() > 0) {
    if (interrupt_->came() && !outcome_.interrupted) {
      outcome_.interrupted = true;
      next = work.size();
      pool_.kill_all();
      continue;
    }
    while (next < work.size() && pool_.running() < jobs) start(*work[next++]);
    progress_->draw();
    pool_.wait(progress_->interval());
    reap_ended_strays(pool_.pids());
  }
  progress_->clear();
}

void Run::start(Unit& unit) {
  const auto ledger = scratch_.ledger(ledgers_++);
  const ChildCommand command{
      .argv = {unit.suite->program.native(), "--run", unit.info->name, "--target", unit.target,
               "--facts", unit.facts.native(), "--result-fd", std::to_string(kResultFd), "--ledger",
               ledger.native(), "--deadline-scale", fmt::format("{}", options_->deadline_scale)},
      .wants_result = true,
      .deadline = scaled(unit.info->deadline)};
  progress_->started(unit.info->name, unit.target);
  pool_.start(command, [this, &unit, ledger](const ChildOutcome& outcome) {
    finish(unit, outcome, ledger);
  });
}

void Run::finish(Unit& unit, const ChildOutcome& outcome, const std::filesystem::path& ledger) {
  if (outcome.cancelled) {
    clean_after(outcome.pid, ledger, nullptr);
    return;
  }
  CaseResult result = judge(*unit.info, unit.target, outcome, scaled(unit.info->deadline));
  if (ended_abruptly(outcome)) {
    clean_after(outcome.pid, ledger, &result);
  } else {
    forgotten_by(result, outcome.pid);
    std::error_code ignored;
    std::filesystem::remove(ledger, ignored);
  }
  progress_->ended(result.verdict);
  unit.runs.push_back(std::move(result));
}

// Nothing may outlive a case that ended in order: its own sentinel should have found it.
void Run::forgotten_by(const CaseResult& result, pid_t pid) {
  for (const std::string& stray : end_strays({pool_.pids(), pid, kGrace})) {
    outcome_.report.leftovers.push_back(
        fmt::format("{}, left by {} on {}", stray, result.name, result.target));
  }
}

// Ends and removes what the case could not end and remove itself. The case's captured output tells
// what that was; what resists is left on the host.
void Run::clean_after(pid_t pid, const std::filesystem::path& ledger, CaseResult* result) {
  std::vector<std::string> told;
  for (const std::string& stray : end_strays({pool_.pids(), pid})) {
    told.push_back(stray + " was killed");
  }
  for (std::string& sentence : clean_by_ledger(ledger)) told.push_back(std::move(sentence));
  if (result == nullptr) return;
  for (const std::string& sentence : told) {
    result->captured_stderr += fmt::format("seatrial: after the case: {}\n", sentence);
  }
}

void Run::look_for_leftovers(const sentinel::HostSnapshot& before) {
  if (outcome_.interrupted) end_strays({});  // their cases could not end them
  for (const sentinel::Leak& leak : sentinel::compare_when_settled(before, kSettlingTime)) {
    outcome_.report.leftovers.push_back(leak.text);
  }
}

void Run::report_results() {
  for (const Unit& unit : units_) {
    if (unit.runs.empty()) continue;  // interrupted before its turn
    outcome_.report.results.push_back(combine(unit.runs));
    if (is_flaky(unit.runs)) {
      outcome_.notes.push_back(fmt::format("{} on {} is {}", unit.info->name, unit.target,
                                           outcome_.report.results.back().reason));
    }
  }
}

}  // namespace

RunOutcome run(Interrupt& interrupt, const std::vector<SuiteProgram>& suites,
               const RunOptions& options) {
  set_deadline_scale(options.deadline_scale);
  return Run(interrupt, suites, options).go();
}

}  // namespace seatrial::harness
