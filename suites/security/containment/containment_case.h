// What the cases of containment share: a sibling that must not notice, and the host's accounts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/probed_case.h"

namespace containment {

using engine_suite::Command;
using engine_suite::Ended;
using engine_suite::Where;
using seatrial::Error;

constexpr std::int64_t kMebibyte = 1 << 20;

class Trial : public engine_suite::ProbedTrial {
 protected:
  // /proc/PID of the engine's own processes: this one, or all of a daemon's but its containers'.
  std::vector<std::filesystem::path> engines_processes() const;

  // It lives, and can do what a program does: start another, take memory, open files.
  void expect_well(const std::string& sibling, Where where = Where::current());

  // The directory of the container's group in the hierarchy with this controller, on the host.
  std::filesystem::path group(const std::string& container, const std::string& controller,
                              Where where = Where::current());
  // A file of numbers or words there, without its newline; "" where it is not there.
  std::string account(const std::string& container, const std::string& controller,
                      const std::string& file, Where where = Where::current());
  // One number of a file of "key number" lines; -1 where it is not there.
  long counted(const std::string& container, const std::string& controller, const std::string& file,
               const std::string& key, Where where = Where::current());
};

}  // namespace containment
