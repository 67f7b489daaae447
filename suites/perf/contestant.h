// Who is measured. Each contestant carries out the same lifecycle of the same container: create,
// start, wait, delete.
#pragma once

#include <sys/types.h>

#include <cstddef>
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

// A process that stays and answers what it is asked; see control.h.
class Server {
 public:
  // Starts `program`; its arguments are the control descriptor's number and then `arguments`.
  Server(const std::string& program, const std::vector<std::string>& arguments, int stdout_fd = -1);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Throws Error where the process gave up.
  template <typename Reply, typename Request>
  Reply ask(const Request& request) {
    Reply reply;
    ask(&request, sizeof request, &reply, sizeof reply);
    return reply;
  }

 private:
  void ask(const void* request, std::size_t request_size, void* reply, std::size_t reply_size);

  std::string program_;
  UniqueFd control_;
  pid_t pid_ = -1;
};

// A process that times each lifecycle itself.
class ServerContestant : public Contestant {
 public:
  ServerContestant(std::string name, const std::string& program,
                   const std::vector<std::string>& arguments, int stdout_fd = -1)
      : Contestant(std::move(name)), server_(program, arguments, stdout_fd) {}

  std::int64_t play() override;
  std::int64_t resident_kib() const override { return resident_kib_; }

 private:
  Server server_;
  std::int64_t resident_kib_ = 0;
};

}  // namespace seatrial::perf
