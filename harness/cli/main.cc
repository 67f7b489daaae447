// The program `seatrial`.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/base/error.h"
#include "engine/cli/program.h"
#include "engine/sys/standard_descriptors.h"
#include "harness/cli/verbs.h"

namespace seatrial::cli {
namespace {

// What was printed may still be in the buffer, and the disk under it full.
int end_of_output(int status) {
  if (std::fflush(stdout) == 0) return status;
  fmt::print(stderr, "seatrial: {}\n", sys_error(errno, "write standard output").what());
  return kHarnessFailed;
}

int run_verb(const CLI::App& app, const Settings& settings) {
  const auto chosen = [&](const char* name) { return app.got_subcommand(name); };
  if (chosen("conform")) return conform(settings);
  if (chosen("lane")) return lane_run(settings);
  if (chosen("clauses")) return clauses(settings);
  if (chosen("report")) return report(settings);
  if (chosen("check")) return check();
  if (chosen("completion")) return completion(app, settings);
  if (chosen("manual")) return manual(app);
  return help(app, settings);
}

}  // namespace
}  // namespace seatrial::cli

int main(int argc, char** argv) {
  using namespace seatrial;
  sys::occupy_standard_descriptors();
  // The engine's verbs first, by a table that costs nothing to have: the harness' own command line
  // is made only when it is needed.
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  constexpr engine_cli::VerbFunction kFurther[] = {{"image build-test", cli::build_test_images}};
  if (const auto status = engine_cli::run_program(words, kFurther)) return *status;
  cli::Settings settings;
  const auto app = cli::command_line(settings);
  try {
    app->parse(argc, argv);
    return cli::end_of_output(cli::run_verb(*app, settings));
  } catch (const CLI::ParseError& failure) {
    if (argc > 1 && argv[1][0] != '-' && app->get_subcommands().empty()) {
      fmt::print(stderr, "seatrial: there is no verb \"{}\"; `seatrial help` prints all\n",
                 argv[1]);
      return cli::kHarnessFailed;
    }
    // Also how --help and --version end.
    std::ostringstream output;
    const int status = app->exit(failure, output, std::cerr);
    std::fputs(output.str().c_str(), stdout);
    return cli::end_of_output(status == 0 ? cli::kAllKept : cli::kHarnessFailed);
  } catch (const std::exception& failure) {
    const auto* system = dynamic_cast<const std::system_error*>(&failure);
    const bool of_output = system != nullptr && std::ferror(stdout) != 0;  // fmt's: names no file
    fmt::print(stderr, "seatrial: {}\n",
               of_output ? sys_error(system->code().value(), "write standard output").what()
                         : failure.what());
    return cli::kHarnessFailed;
  }
}
