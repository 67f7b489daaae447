// seatrial-runtime: an OCI runtime that takes runc's command line.
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/oci/commands.h"
#include "engine/sys/standard_descriptors.h"

namespace seatrial::oci {
namespace {

Log open_log(const GivenOptions& globals) {
  const std::string format = globals.get("log-format").value_or("text");
  if (format != "text" && format != "json") {
    throw error(Kind::kInvalidArgument, "--log-format {}: there is text and json", format);
  }
  return {globals.text("log"), format == "json" ? LogFormat::kJson : LogFormat::kText,
          globals.on("debug")};
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += fmt::format(" {}", word);
  return text;
}

int run_program(std::span<const std::string_view> words) {
  CommandLine line;
  Log log;
  try {
    sys::occupy_standard_descriptors();  // before the log may get one of their numbers
    line = parse_command_line(words, [&](const GivenOptions& globals) { log = open_log(globals); });
    log.write(LogLevel::kDebug, "command line:" + joined(words));
    return carry_out(line, log);
  } catch (const std::exception& failure) {
    log.write(LogLevel::kError, sentence_of(failure));
    return failure_status(line);
  }
}

}  // namespace
}  // namespace seatrial::oci

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return seatrial::oci::run_program(words);
}
