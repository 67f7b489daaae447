#include "suites/perf/comparison.h"

#include <cstdio>
#include <iostream>

#include "suites/perf/progress.h"
#include "suites/perf/report.h"
#include "suites/perf/rounds.h"

namespace seatrial::perf {

namespace {

// Whether every bar held.
bool play(std::vector<std::unique_ptr<Contestant>> contestants, const Comparison& comparison,
          std::size_t count) {
  const std::string first = contestants.at(0)->name();
  const std::size_t lifecycles = contestants.size() * count;
  Rounds rounds(std::move(contestants), progress_over(lifecycles));
  rounds.sample(first, count - 1);
  const std::vector<Ratio> ratios = all_ratios(rounds.samples(), comparison.wanted);
  std::cout << as_table(rounds, ratios) << std::flush;
  const std::vector<std::string> broken = broken_bars(ratios, comparison.wanted);
  for (const std::string& sentence : broken) {
    std::fprintf(stderr, "%s: %s\n", comparison.program.c_str(), sentence.c_str());
  }
  return broken.empty();
}

}  // namespace

int compare(int argc, char** argv, const Comparison& comparison,
            const std::function<void(const Play&)>& measure) {
  CLI::App app(comparison.about);
  std::size_t count = comparison.rounds;
  bool check = false;
  app.add_option("ROUNDS", count, "each contestant once a round")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100000}))
      ->capture_default_str();
  app.add_flag("--check", check, "end with 1 when a ratio exceeds its bar");
  comparison.more_options(app);
  CLI11_PARSE(app, argc, argv);
  end_rounds_when_asked();
  try {
    bool kept = false;
    measure([&](std::vector<std::unique_ptr<Contestant>> contestants) {
      kept = play(std::move(contestants), comparison, count);
    });
    return check && !kept ? 1 : 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", comparison.program.c_str(), failure.what());
    return 2;
  }
}

}  // namespace seatrial::perf
