// What the cases of isolation share: a caller with something to lose, the engine's documented
// default, and the sweep of system calls.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/probed_case.h"
#include "suites/security/isolation/profile.h"

namespace isolation {

using engine_suite::Command;
using engine_suite::Ended;
using engine_suite::namespace_of;
using engine_suite::Where;
using seatrial::Error;

// What no container may find: a variable in the environment and a directory, a file and a socket
// among the descriptors that a careless engine would pass on.
class Planted {
 public:
  Planted();
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
  ~Planted();

  static constexpr const char* kVariable = "SEATRIAL_CANARY";

 private:
  std::vector<seatrial::UniqueFd> descriptors_;
};

class Trial : protected Planted, public engine_suite::ProbedTrial {
 protected:
  Profile profile();
  bool is_podman();

  // --security-opt seccomp=unconfined and these capabilities: the way to the kernel itself.
  static ContainerDraft unconfined(const std::vector<std::string>& capabilities = {});
  // By label: "" when the call succeeded, the errno's name, or "signal 11".
  std::map<std::string, std::string> sweep(ContainerDraft draft,
                                           const std::vector<SweepCall>& calls,
                                           const char* command = "sweep",
                                           Where where = Where::current());
};

// The calls of the sweep with these labels, in that order.
std::vector<SweepCall> calls_named(const std::vector<std::string>& labels);
std::vector<SweepCall> calls_32_named(const std::vector<std::string>& labels);

}  // namespace isolation
