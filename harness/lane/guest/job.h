// The job: read from the initramfs, run, watched until its end.
#pragma once

#include <string>
#include <vector>

namespace seatrial::lane::guest {

struct Job {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::vector<std::string> collect;
  std::string directory = "/";
  std::string cgroup = "v2";
  std::string policy;  // empty: none
};

Job read_job();

// Runs it to its end, relaying what it prints and a sign of life each second; then sends the
// collected directories and how it ended.
void run_job(const Job& job);

}  // namespace seatrial::lane::guest
