// What an engine's documented default is: facts of what its makers publish, from profiles/*.json.
// Never from an engine's code: the suite is black box.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isolation {

// One system call of the sweep: "keyctl", and "keyctl=250" as the probe takes it.
struct SweepCall {
  std::string label = {};
  std::string operand = {};
};

// The calls of this machine's own entry and of its 32-bit one. Empty where the data has none.
std::vector<SweepCall> sweep_calls();
std::vector<SweepCall> sweep_calls_32();

struct Profile {
  std::string name = {};
  std::set<std::string> capabilities = {};
  std::vector<std::string> masked_files = {};
  std::vector<std::string> masked_directories = {};
  std::vector<std::string> read_only_paths = {};
  // By label: the errno of a call that is refused whatever the container has, ...
  std::map<std::string, std::string> refused = {};
  // ... and of one that this capability opens.
  struct Guarded {
    std::string capability = {};
    std::string refusal = {};
  };
  std::map<std::string, Guarded> guarded = {};

  // The errno with which the call is refused in a default container; empty: it is let through.
  std::string refusal_of(const std::string& label) const;
};

// Of the engine of this name and version: podman's own, Moby's for every other.
Profile profile_of(const std::string& engine, const std::string& version);

}  // namespace isolation
