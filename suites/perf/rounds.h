// Plays the contestants in rounds: each once a round, in an order that changes from round to round.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "suites/perf/contestant.h"
#include "suites/perf/samples.h"

namespace seatrial::perf {

class Rounds {
 public:
  // `before_each` is called before each lifecycle and may throw to end the run.
  Rounds(std::vector<std::unique_ptr<Contestant>> contestants, std::function<void()> before_each)
      : contestants_(std::move(contestants)), before_each_(std::move(before_each)) {}

  // The sample of the n-th round, in milliseconds. Plays the rounds up to it when they have not
  // been. Google Benchmark asks contestant after contestant; measured are always whole rounds, so
  // that whatever else the machine does falls on all alike.
  double sample(const std::string& contestant, std::size_t round);

  const Samples& samples() const { return samples_; }
  const std::vector<std::unique_ptr<Contestant>>& contestants() const { return contestants_; }

 private:
  void play_round();

  std::vector<std::unique_ptr<Contestant>> contestants_;
  std::function<void()> before_each_;
  std::mt19937 shuffle_{20250101};  // any seed, but the same order each time
  Samples samples_;
};

}  // namespace seatrial::perf
