// What a monitor costs: run, wait and remove of a static program without and with one, interleaved
// in one process.
//
//   lifecycle_monitor_cost STATE_ROOT BUNDLE [ROUNDS]
//
// The bundle's program should end at once (lifecycle_true). Prints, in microseconds, the
// median and what the fastest twentieth stays below (what a busy host hides): until
// run() returned, and until the exit was known and the container removed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/runtime.h"
#include "suites/perf/clock.h"

namespace {

using namespace seatrial;

struct Sample {
  std::int64_t run = 0;
  std::int64_t all = 0;
};

Sample measure(runtime::Runtime& engine, const runtime::CreateRequest& request) {
  const std::int64_t begin = perf::monotonic_ns();
  runtime::Child child = engine.run(request);
  const std::int64_t running = perf::monotonic_ns();
  const auto status = request.monitor ? engine.await_exit(request.id) : child.wait();
  engine.remove(request.id);
  const std::int64_t end = perf::monotonic_ns();
  if (!status || status->code != 0) {
    throw error(Kind::kInternal, "the container did not end with 0");
  }
  return {.run = running - begin, .all = end - begin};
}

// The sample that `percent` of them stay below.
std::int64_t microseconds(std::vector<Sample> samples, std::int64_t Sample::* part,
                          std::size_t percent) {
  std::sort(samples.begin(), samples.end(),
            [part](const Sample& left, const Sample& right) { return left.*part < right.*part; });
  return samples[samples.size() * percent / 100].*part / 1000;
}

void compare(const char* root, const char* bundle, int rounds) {
  const TempDir directory("/run", "monitor-cost-");
  runtime::Runtime engine(root);
  runtime::CreateRequest plain;
  plain.id = "monitor-cost";
  plain.bundle = bundle;
  plain.stdio = {-1, -1, -1};
  runtime::CreateRequest monitored = plain;
  monitored.monitor = runtime::MonitorRequest{.directory = directory.path() / "box",
                                              .log = directory.path() / "box-json.log"};
  std::vector<Sample> without;
  std::vector<Sample> with;
  measure(engine, plain);  // what a Runtime prepares once does not count
  for (int round = 0; round < rounds; ++round) {
    without.push_back(measure(engine, plain));
    with.push_back(measure(engine, monitored));
  }
  const auto tell = [&](const char* what, std::int64_t Sample::* part, std::size_t percent) {
    const std::int64_t before = microseconds(without, part, percent);
    const std::int64_t after = microseconds(with, part, percent);
    std::printf("%-9s %6lld us without, %6lld us with a monitor: %.2f\n", what,
                static_cast<long long>(before), static_cast<long long>(after),
                static_cast<double>(after) / static_cast<double>(before));
  };
  tell("run", &Sample::run, 50);
  tell("all", &Sample::all, 50);
  tell("run, best", &Sample::run, 5);
  tell("all, best", &Sample::all, 5);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: lifecycle_monitor_cost STATE_ROOT BUNDLE [ROUNDS]\n", stderr);
    return 2;
  }
  try {
    compare(argv[1], argv[2], argc > 3 ? std::max(1, std::atoi(argv[3])) : 200);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lifecycle_monitor_cost: %s\n", failure.what());
    return 1;
  }
  return 0;
}
