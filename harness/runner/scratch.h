// The runner's own directory for one run: facts of targets, ledgers of cases.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::harness {

// A directory that only this user reaches, locked as long as the run lives and removed after it.
// What a killed run left is told by the missing lock.
class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path ledger(std::size_t number) const;

 private:
  std::filesystem::path path_;
  UniqueFd lock_;
};

// Cleans what cases of killed runs of this user left, by their ledgers, and removes the runs'
// directories. Returns one sentence for each thing that was removed or that resists.
std::vector<std::string> clean_killed_runs();

// Cleans what the case of this ledger owns, and removes the ledger. Returns sentences as above.
std::vector<std::string> clean_by_ledger(const std::filesystem::path& ledger);

}  // namespace seatrial::harness
