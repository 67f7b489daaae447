// A QEMU machine without disks and network, which lives no longer than its owner.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/sys/pid_fd.h"
#include "harness/lane/job.h"

namespace seatrial::lane {

enum class Accelerator { kTcg, kKvm };

// Whether KVM runs a guest of one instruction here, which /dev/kvm alone does not say. There are
// hosts where that works and a kernel still never boots: run_lane() finds that out.
bool kvm_runs();

struct MachineRequest {
  std::filesystem::path kernel;
  int initramfs = -1;  // an open file; the caller's
  SecurityModule security = SecurityModule::kNone;
  int memory_mib = 2048;
  int cpus = 2;
  Accelerator accelerator = Accelerator::kTcg;
};

// The words of QEMU's command line. The descriptors that they name: 3 console, 4 results, 5
// initramfs.
std::vector<std::string> machine_command(const MachineRequest& request);

// Running from construction to destruction. The kernel kills it when this thread or its process
// ends.
class Machine {
 public:
  explicit Machine(const MachineRequest& request);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // Ends of pipes; they end with the machine.
  int console() const { return console_.get(); }
  int results() const { return results_.get(); }
  int complaints() const { return complaints_.get(); }  // QEMU's own

 private:
  sys::PidFd process_;
  UniqueFd console_;
  UniqueFd results_;
  UniqueFd complaints_;
};

}  // namespace seatrial::lane
