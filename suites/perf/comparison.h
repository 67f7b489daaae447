// The common part of the benchmarks of whole engines: options, rounds, table and exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "suites/perf/contestant.h"
#include "suites/perf/samples.h"

namespace seatrial::perf {

struct Comparison {
  std::string program;
  std::string about;       // for --help
  std::size_t rounds = 0;  // unless told otherwise
  std::vector<RatioOf> wanted;
  std::function<void(CLI::App&)> more_options = [](CLI::App&) {};
};

using Play = std::function<void(std::vector<std::unique_ptr<Contestant>>)>;

// The whole of such a program: `PROGRAM [ROUNDS] [--check]`. `measure` starts what the contestants
// need and has them play; nothing outlives it. Returns the exit status: 1 when --check was given
// and a bar is exceeded, 2 when nothing could be measured, said in one sentence.
int compare(int argc, char** argv, const Comparison& comparison,
            const std::function<void(const Play&)>& measure);

}  // namespace seatrial::perf
