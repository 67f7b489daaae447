// The bracket around a whole run: everything on this host that a run could leave.
//
// Mounts, network links and cgroup directories are compared exactly; so are namespaces, by who
// holds them. Other people's work on the same host is told apart by where it stands, never by
// guessing from names:
//  - cgroups beside this process' own one (its siblings and what lies below them, where its parent
//    is not the hierarchy's root) belong to whoever placed this process there;
//  - a process is somebody else's when, in some hierarchy, it sits in such a cgroup, or in one that
//    stood before the run, is not the root, and is not this process' own or below it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/sentinel/leak.h"

namespace seatrial::sentinel {

struct HostScope {
  // Processes that name one of these in their command line or stand below it belong to the run.
  std::vector<std::filesystem::path> state_roots;
  // cgroup paths ("/other-suite") below which nothing is looked at.
  std::vector<std::string> ignored_cgroups;
};

struct HostFacts;  // facts.h

class HostSnapshot {
 public:
  static HostSnapshot take(const HostScope& scope);

  const HostScope& scope() const { return scope_; }
  const HostFacts& facts() const { return *facts_; }

  // "33 mounts, 4 links, 12 cgroups, 9 namespaces, 61 processes".
  std::string summary() const;

 private:
  HostSnapshot(HostScope scope, std::shared_ptr<const HostFacts> facts)
      : scope_(std::move(scope)), facts_(std::move(facts)) {}

  HostScope scope_;
  std::shared_ptr<const HostFacts> facts_;
};

// As for Snapshot. Processes count when they are descendants of this one, sit in a new cgroup, or
// relate to a state root of the scope; this process itself never does.
std::vector<Leak> compare(const HostSnapshot& before, const HostSnapshot& after);

std::vector<Leak> compare_when_settled(const HostSnapshot& before,
                                       std::chrono::milliseconds patience);

}  // namespace seatrial::sentinel
