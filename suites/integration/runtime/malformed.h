// Documents that no runtime may accept, each with one flaw, and the same ones without it.
#pragma once

#include <string>

#include "harness/fixtures/case.h"

// One place of config.json with a value that is wrong there, and a right one.
struct Flaw {
  std::string name;
  Clauses clauses;
  std::string pointer;
  std::string flawed;  // JSON text, or kAbsent
  std::string sound;
  Needs needs = {};
};

inline const std::string kAbsent;

// The sound document is accepted. The flawed one is refused, by create or, for what the user's
// program would meet, by start; then there is no container and nothing is left of the attempt.
void expect_refusal(Subject& target, const Flaw& flaw);

// `box` was refused with a word about why, state does not know it and nothing is kept for it. What
// else is left (cgroup, mount, process) the sentinel finds.
void expect_no_trace(Subject& target, Box& box);
