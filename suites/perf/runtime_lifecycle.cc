// Measures create-start-wait-delete of the default container, all contestants interleaved, and
// prints the ratios that the project promises to keep.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/honesty.h"
#include "suites/perf/line_up.h"
#include "suites/perf/progress.h"
#include "suites/perf/report.h"
#include "suites/perf/rounds.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;

struct Options {
  unsigned rounds = 100;
  std::vector<std::string> only;
  std::string json;
  bool check = false;
  bool verify = false;
  Configuration configuration = Configuration::kSpec;
};

// Those who are here and can do it once. Whoever is not here is named and left out.
std::vector<std::unique_ptr<Contestant>> line_up(const Stage& stage, const Options& options) {
  std::vector<std::unique_ptr<Contestant>> present;
  for (const std::string& name : options.only.empty() ? all_contestants() : options.only) {
    std::string absence;
    auto contestant = make_contestant(name, stage, absence);
    if (contestant) {
      contestant->play();
      present.push_back(std::move(contestant));
    } else {
      std::fprintf(stderr, "runtime_lifecycle: left out: %s\n", absence.c_str());
    }
  }
  return present;
}

// Prints nothing: the table at the end says more in less. --benchmark_out is not affected.
class QuietReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

// Google Benchmark asks each contestant for its samples, one a repetition; Rounds plays them.
void register_benchmarks(Rounds& rounds, unsigned repetitions) {
  for (const auto& contestant : rounds.contestants()) {
    const std::string name = contestant->name();
    auto next = [&rounds, name, round = std::size_t{0}](benchmark::State& state) mutable {
      for (auto _ : state) state.SetIterationTime(rounds.sample(name, round++) / 1e3);
    };
    benchmark::RegisterBenchmark(("runtime_lifecycle/" + name).c_str(), next)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1)
        ->Repetitions(static_cast<int>(repetitions))
        ->ComputeStatistics("p10", [](const auto& times) { return quantile(times, 0.1); })
        ->ComputeStatistics("p90", [](const auto& times) { return quantile(times, 0.9); });
  }
}

int measure(const Options& options) {
  const Stage stage(sibling_program("lifecycle_true"), options.configuration);
  auto contestants = line_up(stage, options);
  const std::size_t lifecycles = contestants.size() * options.rounds;
  Rounds rounds(std::move(contestants), progress_over(lifecycles));
  register_benchmarks(rounds, options.rounds);
  QuietReporter quiet;
  benchmark::RunSpecifiedBenchmarks(&quiet);
  const std::vector<RatioOf>& wanted = all_wanted(options.configuration);
  const std::vector<Ratio> ratios = all_ratios(rounds.samples(), wanted);
  std::cout << as_table(rounds, ratios) << std::flush;
  if (!options.json.empty()) write_file_atomically(options.json, as_json(rounds, ratios));
  if (!options.check) return 0;
  const std::vector<std::string> broken = broken_bars(ratios, wanted);
  for (const std::string& sentence : broken) {
    std::fprintf(stderr, "runtime_lifecycle: %s\n", sentence.c_str());
  }
  return broken.empty() ? 0 : 1;
}

void require_root() {
  if (::geteuid() == 0) return;
  throw error(Kind::kDenied,
              "only root can make the namespaces, mounts and cgroups that are "
              "measured here; run it as root");
}

void parse(CLI::App& app, Options& options) {
  app.description(
      "Measures create-start-wait-delete of the default container: the reference engine in process "
      "and as a command, its peers, and the floor that no runtime can go below. Options of Google "
      "Benchmark (--benchmark_out=FILE ...) are passed on.");
  app.add_option("--rounds", options.rounds, "each contestant once a round (100)")
      ->check(CLI::Range(1U, 100000U));
  app.add_option("--only", options.only, "only these contestants, separated by commas")
      ->delimiter(',');
  const std::map<std::string, Configuration> configurations = {{"spec", Configuration::kSpec},
                                                               {"engine", Configuration::kEngine}};
  app.add_option("--config", options.configuration,
                 "spec: what `seatrial-runtime spec` writes; engine: with the engine's default "
                 "confinement, its seccomp profile above all (spec)")
      ->transform(CLI::CheckedTransformer(configurations))
      ->type_name("spec|engine");
  app.add_option("--json", options.json, "write samples and ratios to this file");
  app.add_flag("--check", options.check, "end with 1 when a ratio exceeds its bar");
  app.add_flag(
      "--verify", options.verify,
      "measure nothing; compare what the floor's container and the reference's see inside");
  app.allow_extras();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app;
  Options options;
  parse(app, options);
  benchmark::Initialize(&argc, argv);  // takes its own options off
  CLI11_PARSE(app, argc, argv);
  if (!app.remaining().empty()) {
    std::fprintf(stderr, "runtime_lifecycle: no option '%s'; --help lists them\n",
                 app.remaining().front().c_str());
    return 2;
  }
  end_rounds_when_asked();
  try {
    require_root();
    enter_private_mounts();
    return options.verify ? verify_floor(std::cout, options.configuration) : measure(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "runtime_lifecycle: %s\n", failure.what());
    return 2;
  }
}
