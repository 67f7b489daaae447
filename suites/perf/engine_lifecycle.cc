// Measures a container of the engine, run-wait-remove, from Python and from C++, interleaved.
//
//   engine_lifecycle [ROUNDS] [--check]
//
// With --check, it ends with 1 when Python takes more than 1.5 times what C++ takes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/report.h"
#include "suites/perf/rounds.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;

constexpr const char* kCpp = "engine from C++";
constexpr const char* kPython = "engine from Python";

const std::vector<RatioOf>& wanted() {
  static const std::vector<RatioOf> ratios = {{kPython, kCpp, 1.5}};
  return ratios;
}

std::unique_ptr<Contestant> contestant(const char* name, const char* program,
                                       const std::filesystem::path& directory) {
  return std::make_unique<ServerContestant>(
      name, sibling_program(program),
      std::vector<std::string>{directory / program, sibling_program("lifecycle_true")});
}

int measure(std::size_t count, bool check) {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  enter_private_mounts();
  const TempDir directory("/run", "seatrial-perf-");
  std::vector<std::unique_ptr<Contestant>> contestants;
  contestants.push_back(contestant(kCpp, "lifecycle_engine", directory.path()));
  contestants.push_back(contestant(kPython, "lifecycle_python", directory.path()));
  Rounds rounds(std::move(contestants), [] {});
  rounds.sample(kCpp, count - 1);
  const std::vector<Ratio> ratios = all_ratios(rounds.samples(), wanted());
  std::cout << as_table(rounds, ratios) << std::flush;
  const std::vector<std::string> broken = broken_bars(ratios, wanted());
  for (const std::string& sentence : broken) {
    std::fprintf(stderr, "engine_lifecycle: %s\n", sentence.c_str());
  }
  return check && !broken.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 200;
  bool check = false;
  for (int at = 1; at < argc; ++at) {
    if (std::string_view(argv[at]) == "--check") {
      check = true;
    } else if (const long given = std::atol(argv[at]); given > 0) {
      rounds = static_cast<std::size_t>(given);
    } else {
      std::fputs("usage: engine_lifecycle [ROUNDS] [--check]\n", stderr);
      return 2;
    }
  }
  try {
    return measure(rounds, check);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "engine_lifecycle: %s\n", failure.what());
    return 2;
  }
}
