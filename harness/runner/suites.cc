#include "harness/runner/suites.h"

#include <fmt/format.h>

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "engine/base/error.h"
#include "harness/core/protocol.h"

namespace seatrial::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListLimit = 64u << 20;

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<fs::path> programs_in(const fs::path& dir) {
  std::error_code absent;
  std::vector<fs::path> programs;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, absent)) {
    if (entry.is_regular_file() && ::access(entry.path().c_str(), X_OK) == 0) {
      programs.push_back(entry.path());
    }
  }
  if (programs.empty()) {
    throw error(Kind::kNotFound,
                "{} holds no suite programs; SEATRIAL_SUITES may name another directory",
                dir.native());
  }
  std::sort(programs.begin(), programs.end());
  return programs;
}

SuiteProgram load(Interrupt& interrupt, const fs::path& program) {
  const ChildOutcome outcome =
      run_child(interrupt, {.argv = {program.native(), "--list"}, .output_limit = kListLimit});
  if (outcome.end.code != 0) {
    throw error(Kind::kInternal, "{} --list {}: {}", program.native(), describe(outcome.end),
                outcome.error_text);
  }
  SuiteProgram suite{.name = program.filename().native(), .program = program, .cases = {}};
  CaseList list = with_context(program.native(), [&] { return parse_case_list(outcome.output); });
  suite.cases = std::move(list.cases);
  suite.targets = std::move(list.targets);
  for (const CaseInfo& info : suite.cases) {
    if (info.suite != suite.name) {
      throw error(Kind::kInternal, "{} calls itself {}, but must be named like its file",
                  program.native(), info.suite);
    }
  }
  return suite;
}

}  // namespace

fs::path suites_directory() {
  const char* named = std::getenv("SEATRIAL_SUITES");
  if (named != nullptr && named[0] != '\0') return named;
  return fs::read_symlink("/proc/self/exe").parent_path() / "suites";
}

std::vector<SuiteProgram> load_suites(Interrupt& interrupt, const fs::path& dir,
                                      const std::vector<std::string>& wanted) {
  std::vector<SuiteProgram> suites;
  std::vector<std::string> names;
  for (const fs::path& program : programs_in(dir)) {
    names.push_back(program.filename());
    if (wanted.empty() || contains(wanted, names.back())) {
      suites.push_back(load(interrupt, program));
    }
  }
  for (const std::string& name : wanted) {
    if (!contains(names, name)) {
      throw error(Kind::kNotFound, "there is no suite \"{}\"; there are: {}", name,
                  fmt::join(names, ", "));
    }
  }
  return suites;
}

bool SuiteProgram::takes_target(const std::string& spec) const {
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& glob) {
    return ::fnmatch(glob.c_str(), spec.c_str(), 0) == 0;
  });
}

std::vector<CaseInfo> all_cases(const std::vector<SuiteProgram>& suites) {
  std::vector<CaseInfo> all;
  for (const SuiteProgram& suite : suites) {
    all.insert(all.end(), suite.cases.begin(), suite.cases.end());
  }
  return all;
}

bool Selection::takes(const CaseInfo& info) const {
  if (shard && !shard->contains({info.suite, info.name})) return false;
  if (!names.empty() && !contains(names, info.name)) return false;
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const auto matches = [&](const std::string& text) {
      return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
    };
    return matches(info.name) || std::any_of(info.clauses.begin(), info.clauses.end(), matches);
  });
}

Shard parse_shard(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  const bool has_slash = bad_index == std::errc() && slash != end && *slash == '/';
  const auto [rest, bad_count] = std::from_chars(has_slash ? slash + 1 : end, end, shard.count);
  if (!has_slash || bad_count != std::errc() || rest != end || shard.index < 1 ||
      shard.index > shard.count) {
    throw error(Kind::kInvalidArgument, "the shard \"{}\" is not of the form I/N with 1 <= I <= N",
                text);
  }
  return shard;
}

void keep_shard(const Shard& shard, const std::vector<SuiteProgram>& suites, Selection& selection) {
  std::set<std::pair<std::string, std::string>> kept;
  std::size_t dealt = 0;
  for (const CaseInfo& info : all_cases(suites)) {
    if (!selection.takes(info)) continue;
    if (dealt++ % shard.count == shard.index - 1) kept.emplace(info.suite, info.name);
  }
  selection.shard = std::move(kept);
}

void check_names(const Selection& selection, const std::vector<SuiteProgram>& suites) {
  const std::vector<CaseInfo> cases = all_cases(suites);
  for (const std::string& name : selection.names) {
    const bool known = std::any_of(cases.begin(), cases.end(),
                                   [&](const CaseInfo& info) { return info.name == name; });
    if (!known) {
      throw error(Kind::kInvalidArgument,
                  "there is no case \"{}\"; `seatrial conform --list` prints all", name);
    }
  }
}

}  // namespace seatrial::harness
