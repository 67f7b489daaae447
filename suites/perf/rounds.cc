#include "suites/perf/rounds.h"

#include <algorithm>

namespace seatrial::perf {

double Rounds::sample(const std::string& contestant, std::size_t round) {
  while (samples_[contestant].size() <= round) play_round();
  return samples_[contestant][round];
}

void Rounds::play_round() {
  // The kernel takes namespaces apart after their last process is gone. In a fixed order, each
  // would always pay for the same predecessor.
  std::vector<Contestant*> order;
  order.reserve(contestants_.size());
  for (const auto& contestant : contestants_) order.push_back(contestant.get());
  std::shuffle(order.begin(), order.end(), shuffle_);
  for (Contestant* contestant : order) {
    before_each_();
    samples_[contestant->name()].push_back(static_cast<double>(contestant->play()) / 1e6);
  }
}

}  // namespace seatrial::perf
