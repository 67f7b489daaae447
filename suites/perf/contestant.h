// Who is measured. Each contestant carries out the same lifecycle of the same container: create,
// start, wait, delete.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::perf {

// Runs a program with /dev/null as stdin and waits. `stdout_fd`: where its output goes, -1 for
// /dev/null; stderr is ours. Throws Error naming the command when it does not end with 0.
void run_command(const std::vector<std::string>& command, int stdout_fd = -1);

class Contestant {
 public:
  Contestant(const Contestant&) = delete;
  Contestant& operator=(const Contestant&) = delete;
  virtual ~Contestant() = default;

  const std::string& name() const { return name_; }
  // One lifecycle; how long it took, in nanoseconds. Throws Error when it failed.
  virtual std::int64_t play() = 0;
  // Resident size, KiB, of the process that started the container; 0 when it is a new one each
  // time.
  virtual std::int64_t resident_kib() const { return 0; }

 protected:
  explicit Contestant(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

// A command that does it all. Timed from before its start to after its end.
class CommandContestant : public Contestant {
 public:
  CommandContestant(std::string name, std::vector<std::string> command, int stdout_fd = -1)
      : Contestant(std::move(name)), command_(std::move(command)), stdout_fd_(stdout_fd) {}

  std::int64_t play() override;

 private:
  std::vector<std::string> command_;
  int stdout_fd_;
};

// A process that stays and times each lifecycle itself; see control.h.
class ServerContestant : public Contestant {
 public:
  // Starts `program`; its arguments are the control descriptor's number and then `arguments`.
  ServerContestant(std::string name, const std::string& program,
                   const std::vector<std::string>& arguments, int stdout_fd = -1);
  ServerContestant(const ServerContestant&) = delete;
  ServerContestant& operator=(const ServerContestant&) = delete;
  ~ServerContestant() override;

  std::int64_t play() override;
  std::int64_t resident_kib() const override { return resident_kib_; }

 private:
  UniqueFd control_;
  pid_t pid_ = -1;
  std::int64_t resident_kib_ = 0;
};

}  // namespace seatrial::perf
