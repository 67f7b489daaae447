// CRIU as a program of the host: whether it is there and works, and one conversation with it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/runtime/criu_rpc.h"
#include "engine/sys/pid_fd.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime::criu {

// Where `wanted` is, as execvp(3) has it: a path, or a name (empty: `criu`) on PATH, else where
// packages put it. Throws Error{kUnsupported} where it is nowhere, or where its `check` says that
// it cannot work on this kernel.
std::filesystem::path require_program(const std::filesystem::path& wanted);

// Throws Error{kUnsupported} where the kernel does not let pages of memory come after the processes
// (userfaultfd(2)).
void require_lazy_pages(const std::filesystem::path& program);

// What a log of CRIU complains about: its first errors, up to three, and none about the cleaning up
// that follows them. The first names the cause, the others what was being done. Empty: nothing.
std::string complaint_of(std::string_view log);

struct SessionRequest {
  std::filesystem::path program = {};
  // The first free number of the process is 4: 3 is the conversation's.
  std::vector<sys::Placement> placements = {};
  std::vector<sys::PrivateBind> binds = {};
  // What restored processes have from CRIU's own, because its images do not have it.
  bool no_new_privileges = false;
  bool own_keyring = false;
};

// One `criu swrk`, for one request. The destructor hangs up, which ends it, and reaps it.
class Session {
 public:
  // Throws Error where it cannot be started.
  explicit Session(SessionRequest request);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  pid_t pid() const { return process_.pid(); }

  // Called for each notification, with the descriptors that came along. CRIU waits for its return;
  // an Error that it throws makes CRIU give up, and leaves ask() then.
  using Notified = std::function<void(const Response&, std::vector<UniqueFd>)>;

  // Asks, and returns once all is done. Throws Error that quotes `log`, or what else CRIU says.
  void ask(RequestType type, const Options& options, const std::filesystem::path& log,
           const Notified& notified);

 private:
  Response converse(const Notified& notified);

  UniqueFd socket_;
  sys::PidFd process_;
};

}  // namespace seatrial::runtime::criu
