// The verbs of `seatrial`. Each returns the program's exit status and throws Error for what makes
// it 2.
#pragma once

#include "engine/cli/program.h"
#include "harness/cli/settings.h"
#include "harness/report/report.h"

namespace seatrial::cli {

inline constexpr int kAllKept = 0;
inline constexpr int kEngineFailed = 1;
inline constexpr int kHarnessFailed = 2;
inline constexpr int kNothingRan = 3;
inline constexpr int kNoStatus = 125;  // of a lane: nobody knows how the command would have ended

int conform(const Settings& settings);
// The same in the lane that --lane names.
int conform_in_lane(const Settings& settings);
int lane_run(const Settings& settings);
int clauses(const Settings& settings);
int report(const Settings& settings);
int check();
int completion(const CLI::App& app, const Settings& settings);
int manual(const CLI::App& app);
int help(const CLI::App& app, const Settings& settings);
// Of the engine's table, but made of the harness' fixtures.
int build_test_images(engine_cli::Call& call);

// What a report means as an exit status. An error outweighs a failure: such a run cannot be
// trusted.
int status_of(const harness::Report& report);

// Writes the files that --json, --junit and --html name, and prints the matrix and the failures (or
// the failures alone): to standard error when the JSON has standard output.
void publish(const harness::Report& report, const Settings& settings);

}  // namespace seatrial::cli
