// Measures a container of the engine, run-wait-remove, from Python and from C++, interleaved.
//
//   engine_lifecycle [ROUNDS] [--check]
//
// With --check, it ends with 1 when Python takes more than 1.5 times what C++ takes.
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/comparison.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;

constexpr const char* kCpp = "engine from C++";
constexpr const char* kPython = "engine from Python";

std::unique_ptr<Contestant> contestant(const char* name, const char* program,
                                       const std::filesystem::path& directory) {
  return std::make_unique<ServerContestant>(
      name, sibling_program(program),
      std::vector<std::string>{directory / program, sibling_program("lifecycle_true")});
}

void measure(const Play& play) {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  enter_private_mounts();
  const TempDir directory("/run", "seatrial-perf-");
  std::vector<std::unique_ptr<Contestant>> contestants;
  contestants.push_back(contestant(kCpp, "lifecycle_engine", directory.path()));
  contestants.push_back(contestant(kPython, "lifecycle_python", directory.path()));
  play(std::move(contestants));
}

}  // namespace

int main(int argc, char** argv) {
  const Comparison comparison = {
      .program = "engine_lifecycle",
      .about = "Measures a container of the engine, run-wait-remove, from Python and from C++.",
      .rounds = 200,
      .wanted = {{kPython, kCpp, 1.5}}};
  return compare(argc, argv, comparison, measure);
}
