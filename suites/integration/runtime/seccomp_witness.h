// What the host can see of a container's filters: a debugger that takes hold of its processes, and
// the kernel's audit records.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "harness/core/process.h"
#include "harness/fixtures/case.h"

// The bit that stands for "SECCOMP_FILTER_FLAG_..." in seccomp(2); 0: no such flag is known here.
std::uint64_t filter_flag(const std::string& name);

// Traces a process with all its threads and children. It does so in a process of its own: a tracer
// gets the stops of its tracees by waiting, and here others wait, too.
class Tracer {
 public:
  enum class Until {
    kProgram,  // it has executed another program
    kCall,     // a filter has handed a call over, which then runs, or the process has ended
  };

  // When it returns the process is traced. Throws Lack where this user may not.
  Tracer(pid_t pid, Until until);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer() { tracer_.send_signal(SIGKILL); }

  // For kProgram the flags of each filter that was installed, for kCall the number that came with
  // the call. Waits for the end.
  std::vector<std::uint64_t> seen();

 private:
  seatrial::harness::Orphan tracer_;
  seatrial::UniqueFd answers_;
};

// The records that the kernel makes of filtered calls from here on.
class AuditRecords {
 public:
  // Throws Lack where a filter of our own leaves no record that we can see.
  AuditRecords();

  // Reads on until there is one of a program with this name; false where none comes.
  bool tell_of(const std::string& program);
  // Whether there was one among those that were read.
  bool told_of(const std::string& program) const;

 private:
  seatrial::UniqueFd socket_;
  std::string records_;
};
