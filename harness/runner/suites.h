// The suite programs and the cases that they hold.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/core/result.h"
#include "harness/runner/child_pool.h"

namespace seatrial::harness {

struct SuiteProgram {
  std::string name;  // "runtime"
  std::filesystem::path program;
  std::vector<CaseInfo> cases;
  std::vector<std::string> targets = {"*"};  // globs over the targets that it takes

  bool takes_target(const std::string& spec) const;
};

// $SEATRIAL_SUITES, or the directory `suites` beside this executable.
std::filesystem::path suites_directory();

// Lists the cases of the suites in `dir`: all, or the `wanted` ones by name. Nothing is run.
// Throws Error naming a wanted suite that is not there, or a program that cannot list its cases.
std::vector<SuiteProgram> load_suites(Interrupt& interrupt, const std::filesystem::path& dir,
                                      const std::vector<std::string>& wanted);

// All cases of these suites.
std::vector<CaseInfo> all_cases(const std::vector<SuiteProgram>& suites);

// Which cases a run takes.
struct Selection {
  // Globs over the case's name or any of its clauses; one must match. Empty: all.
  std::vector<std::string> globs;
  // Exact names; a case must be one of them. Empty: all.
  std::vector<std::string> names;
  // Suite and name of the cases of one shard, see keep_shard(). Absent: all.
  std::optional<std::set<std::pair<std::string, std::string>>> shard = std::nullopt;

  bool takes(const CaseInfo& info) const;
};

// One of `count` parts that a selection is dealt out into, counted from 1.
struct Shard {
  std::size_t index = 1;
  std::size_t count = 1;
};

// "2/3". Throws Error{kInvalidArgument}.
Shard parse_shard(std::string_view text);

// Deals the selected cases out like cards, so that neighbours, which cost much the same, come into
// different shards. What a shard holds depends on nothing but the suites and the selection: shards
// 1/N to N/N of the same selection, wherever they run, have every case exactly once.
void keep_shard(const Shard& shard, const std::vector<SuiteProgram>& suites, Selection& selection);

// Throws Error{kInvalidArgument} for an exact name that no suite has.
void check_names(const Selection& selection, const std::vector<SuiteProgram>& suites);

}  // namespace seatrial::harness
