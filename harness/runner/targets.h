// What is under test: finding known runtimes, and asking suite programs what a target is.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/result.h"
#include "harness/runner/suites.h"

namespace seatrial::harness {

// "reference"; "oci:PATH" for each runtime that we know of and that is installed: runc, crun,
// youki, runsc, looked for on PATH, in /usr/sbin and in /sbin; and likewise the peers that suites
// start themselves: "registry:docker-registry".
std::vector<std::string> known_targets();

// Where the command of an "oci:" target or of a peer that a suite starts lies; empty when it has
// none or is not found.
std::filesystem::path command_of(const std::string& spec);

struct Asking {
  std::filesystem::path ledger;  // for clean_by_ledger(), whatever becomes of the asking
  std::chrono::milliseconds deadline{60000};
};

// Keeps descriptions between runs, because a description may start a container. One is taken from
// the cache only for the same suite program, the same programs that the target is made of (the
// runtime on trial and what runs it among them), kernel boot and control group mounts.
class FactsCache {
 public:
  // Empty: nothing is kept.
  explicit FactsCache(std::filesystem::path dir) : dir_(std::move(dir)) {}

  // What `SUITE --describe TARGET` prints. Runs that ask for the same at the same time wait for
  // one of them. Throws Error with the program's own sentence when the target cannot be used.
  std::string describe(Interrupt& interrupt, const SuiteProgram& suite, const std::string& spec,
                       const Asking& how) const;

 private:
  std::filesystem::path dir_;
};

}  // namespace seatrial::harness
