// Processes that a case started and did not wait for. They become children of the runner, because
// it is a subreaper.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace seatrial::harness {

// While one lives, orphans below this process become its children (PR_SET_CHILD_SUBREAPER).
class Subreaper {
 public:
  Subreaper();
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper();
};

// Takes the end of every orphan that has ended. `live` are children that others wait for.
void reap_ended_strays(const std::vector<pid_t>& live);

struct StrayScope {
  // Children that others wait for.
  std::vector<pid_t> live{};
  // Look only at processes with a higher number, because reading all of /proc costs milliseconds.
  // What a case leaves is younger than its own process; where the numbers wrapped around in
  // between, a later look at everything (0) finds it.
  pid_t newer_than = 0;
  // One that ends by itself in this time was only late.
  std::chrono::milliseconds grace{0};
};

// Kills and reaps every child of this process within the scope, and what becomes a child by that.
// Returns one sentence for each: "process 123 (sleep)". What a kill does not end within five
// seconds is left, and its sentence says so.
std::vector<std::string> end_strays(const StrayScope& scope);

}  // namespace seatrial::harness
