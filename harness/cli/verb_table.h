// The table of verbs and options, read back for completion scripts and the manual page.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace seatrial::cli {

struct OptionRow {
  std::vector<std::string> names;  // "--jobs", "-j": the long one first; a bare word: positional
  std::string value;               // "N"; empty: a flag
  std::string description;

  bool positional() const { return !names.front().starts_with("-"); }
};

struct VerbRow {
  std::string name;  // "run"; "volume create": a verb of the group "volume"
  std::string description;
  std::string footer;
  std::vector<OptionRow> options;
  std::vector<std::string> verbs = {};  // of a group

  bool inner() const { return name.find(' ') != std::string::npos; }
};

std::vector<VerbRow> verb_table(const CLI::App& app);

std::string bash_completion(const std::vector<VerbRow>& verbs);
std::string zsh_completion(const std::vector<VerbRow>& verbs);
std::string fish_completion(const std::vector<VerbRow>& verbs);
std::string manual_page(const std::vector<VerbRow>& verbs, const std::string& description);

}  // namespace seatrial::cli
