// Measures what a container costs when there are many: a few and then many containers are started
// with a monitor each, listed and deleted, in turns. Beside it, the floor: the same without a
// runtime, in bare system calls (floor_many.cc).
//
//   runtime_many [--few 10] [--many 1000] [--turns 3] [--check]
//
// With --check, it ends with 1 when one of many costs more than 1.3 times what one of few costs,
// or when a monitor, the one process of ours that stays with a container, has held 1 MiB or more.
// What it costs is all three together: the kernel takes down what few containers leave while others
// are started, and what many leave while they are deleted.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/runtime.h"
#include "suites/perf/clock.h"
#include "suites/perf/contestant.h"
#include "suites/perf/control.h"
#include "suites/perf/progress.h"
#include "suites/perf/samples.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;
namespace fs = std::filesystem;

constexpr double kMostOfFew = 1.3;
constexpr std::int64_t kMostKib = 1024;
constexpr std::size_t kTurnsOfFew = 10;  // for each of many: one of them says little

struct Options {
  unsigned few = 10;
  unsigned many = 1000;
  unsigned turns = 3;
  bool check = false;
};

enum Phase : std::size_t { kStart, kList, kDelete, kPhases };
constexpr std::array<const char*, kPhases> kNames{"start", "list", "delete"};

// Milliseconds for each container, by turns.
using Costs = std::array<std::vector<double>, kPhases>;

double median_of_all(const Costs& costs) {
  std::vector<double> sums(costs[kStart].size());
  for (const std::vector<double>& phase : costs) {
    for (std::size_t turn = 0; turn < sums.size(); ++turn) sums[turn] += phase[turn];
  }
  return spread(sums).median;
}

// The most that a process has ever had in memory, KiB: its own pages and those it shares.
std::int64_t peak_kib(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  }
  throw error(Kind::kInternal, "the monitor {} is gone", pid);
}

class Harbour {
 public:
  Harbour(const Stage& stage, std::function<void()> progress)
      : stage_(stage), runtime_(stage.state_root("many")), progress_(std::move(progress)) {}
  Harbour(const Harbour&) = delete;
  Harbour& operator=(const Harbour&) = delete;
  ~Harbour() {
    while (!ids_.empty()) {
      try {
        runtime_.remove(ids_.back(), true);
      } catch (const Error& failure) {
        std::fprintf(stderr, "runtime_many: %s\n", failure.what());
      }
      ids_.pop_back();
    }
  }

  void turn(unsigned count, Costs& costs) {
    time(count, costs[kStart], [&] {
      for (unsigned i = 0; i < count; ++i) start(fmt::format("{}-{}", stage_.id(), i));
    });
    time(count, costs[kList], [&] {
      if (runtime_.list().size() != count) throw error(Kind::kInternal, "not all are listed");
    });
    for (const std::string& id : ids_) peak_ = std::max(peak_, peak_kib(monitor_pid(id)));
    time(count, costs[kDelete], [&] {
      for (; !ids_.empty(); ids_.pop_back()) runtime_.remove(ids_.back(), true);
    });
  }

  std::int64_t peak() const { return peak_; }

 private:
  template <typename Work>
  static void time(unsigned count, std::vector<double>& costs, Work&& work) {
    const std::int64_t begin = monotonic_ns();
    work();
    costs.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6 / count);
  }

  void start(const std::string& id) {
    progress_();
    runtime_.run({.id = id,
                  .bundle = stage_.bundle(),
                  .monitor = runtime::MonitorRequest{.directory = monitor(id)}});
    ids_.push_back(id);
  }

  // The monitor writes it in its own time.
  std::string monitor_pid(const std::string& id) const {
    const fs::path file = monitor(id) / "monitor.pid";
    const std::int64_t patience = monotonic_ns() + 10'000'000'000;
    const auto written = [&] { return fs::exists(file) && fs::file_size(file) > 0; };
    while (!written() && monotonic_ns() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::string pid = read_file(file);
    pid.erase(pid.find_last_not_of('\n') + 1);
    return pid;
  }

  fs::path monitor(const std::string& id) const { return stage_.state_root("monitors") / id; }

  const Stage& stage_;
  runtime::Runtime runtime_;
  std::function<void()> progress_;
  std::vector<std::string> ids_;
  std::int64_t peak_ = 0;
};

// The same without a runtime; there is no list.
class Floor {
 public:
  explicit Floor(const Stage& stage)
      : server_(sibling_program("lifecycle_floor_many"),
                {stage.rootfs(), stage.id(), stage.program(), stage.recipe()}) {}

  void turn(unsigned count, Costs& costs) {
    const auto reply = server_.ask<ManyReply>(ManyRequest{.containers = count});
    const auto each = [&](std::int64_t all) { return static_cast<double>(all) / 1e6 / count; };
    costs[kStart].push_back(each(reply.start));
    costs[kList].push_back(0);
    costs[kDelete].push_back(each(reply.remove));
  }

 private:
  Server server_;
};

struct Sides {
  Costs ours;
  Costs floor;
};

void print_row(const std::string& name, double few, double many) {
  fmt::print("{:<16}{:>12.4f}{:>12.4f}{:>8.2f}", name, few, many, many / few);
}

// Prints what was measured; true: every bar held.
bool report(const Options& options, const Sides& few, const Sides& many, std::int64_t peak) {
  fmt::print("{:<16}{:>12}{:>12}{:>8}\n", "ms each", fmt::format("of {}", options.few),
             fmt::format("of {}", options.many), "ratio");
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    print_row(kNames[phase], spread(few.ours[phase]).median, spread(many.ours[phase]).median);
    fmt::print("\n");
  }
  const double one = median_of_all(few.ours);
  const double other = median_of_all(many.ours);
  const bool kept = other <= kMostOfFew * one;
  print_row("all three", one, other);
  fmt::print("  at most {}: {}\n", kMostOfFew, kept ? "holds" : "EXCEEDED");
  for (const Phase phase : {kStart, kDelete}) {
    print_row(fmt::format("floor: {}", kNames[phase]), spread(few.floor[phase]).median,
              spread(many.floor[phase]).median);
    fmt::print("\n");
  }
  print_row("floor: both", median_of_all(few.floor), median_of_all(many.floor));
  fmt::print("\na monitor has held {} KiB at most; less than {}: {}\n", peak, kMostKib,
             peak < kMostKib ? "holds" : "EXCEEDED");
  return kept && peak < kMostKib;
}

bool measure(const Options& options) {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  enter_private_mounts();
  const Stage stage(sibling_program("lifecycle_pause"), Configuration::kEngine);
  const std::size_t total = options.turns * (kTurnsOfFew * options.few + options.many);
  Harbour harbour(stage, progress_over(total));
  Floor floor(stage);
  Sides few;
  Sides many;
  const auto turn = [&](unsigned count, Sides& sides) {
    harbour.turn(count, sides.ours);
    floor.turn(count, sides.floor);
  };
  for (unsigned round = 0; round < options.turns; ++round) {
    for (std::size_t i = 0; i < kTurnsOfFew; ++i) turn(options.few, few);
    turn(options.many, many);
  }
  return report(options, few, many, harbour.peak());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures what a container costs when there are many.");
  Options options;
  app.add_option("--few", options.few, "containers at once (10)")->check(CLI::Range(1U, 100000U));
  app.add_option("--many", options.many, "and these (1000)")->check(CLI::Range(1U, 100000U));
  app.add_option("--turns", options.turns, "of each (3)")->check(CLI::Range(1U, 1000U));
  app.add_flag("--check", options.check, "end with 1 when a bar is exceeded");
  CLI11_PARSE(app, argc, argv);
  end_rounds_when_asked();
  try {
    return measure(options) || !options.check ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "runtime_many: %s\n", failure.what());
    return 2;
  }
}
