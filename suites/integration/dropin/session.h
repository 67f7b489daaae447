// One daemon with one OCI runtime below it: what a workflow may ask of the two.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "harness/target/engine_target.h"

namespace dropin_suite {

using nlohmann::json;
using seatrial::Error;
using seatrial::Kind;

struct BindWish {
  std::string source = {};
  std::string target = {};
  bool read_only = false;
};

enum class SeccompWish { kDaemons, kNone, kProfile };

// A container of busybox that a workflow wants. Empty: what the daemon says.
struct Wish {
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};
  std::string cwd = {};
  std::string input = {};  // standard input, closed behind it
  bool tty = false;
  bool read_only = false;
  bool no_new_privileges = false;
  std::vector<std::string> cap_add = {};  // "NET_ADMIN"
  std::vector<std::string> cap_drop = {};
  std::vector<BindWish> binds = {};
  std::vector<std::string> devices = {};  // of the host, by path
  std::int64_t memory = 0;                // bytes
  std::int64_t cpu_quota = 0;             // microseconds in each 100 ms
  SeccompWish seccomp = SeccompWish::kDaemons;
  std::string profile = {};  // a file, for kProfile
  std::string user = {};     // "1234:4321"
  std::vector<unsigned> groups = {};
  std::string hostname = {};
  std::int64_t memory_swap = 0;  // memory and swap, bytes
  std::int64_t memory_reservation = 0;
  std::int64_t cpu_shares = 0;
  std::string cpus = {};  // "0-2"
  std::int64_t pids = 0;  // -1: as many as they like
  int oom_score_adj = 0;
  std::vector<UlimitDraft> ulimits = {};            // beside those that every container has
  std::map<std::string, std::string> sysctls = {};  // "kernel.msgmax" -> "12345"
  std::map<std::string, std::string> tmpfs = {};    // "/t" -> "size=1m,mode=1770"
  std::int64_t shm_size = 0;                        // bytes
  // "pid", "ipc", "uts" or "network" -> "host", or another container's id.
  std::map<std::string, std::string> joins = {};
  // What only Docker's API has a word for, as a patch of the document of /containers/create.
  json docker = {};
};

struct Ended {
  int code = -1;
  std::string out = {};
  std::string err = {};
};

// Calls throw Error with the daemon's words where it refuses, and Lack for what this daemon's
// client has no word for.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  // Starts a container and leaves it running; its id.
  virtual std::string hold(const Wish& wish) = 0;
  virtual Ended finish(const Wish& wish) = 0;
  virtual Ended exec(const std::string& id, const DockerExec& program) = 0;
  virtual void kill(const std::string& id, int signal) = 0;
  virtual void pause(const std::string& id) = 0;
  virtual void resume(const std::string& id) = 0;
  // By force.
  virtual void remove(const std::string& id) = 0;
  virtual int wait(const std::string& id) = 0;
  virtual std::string status(const std::string& id) = 0;  // "running", "paused", "exited"
  virtual std::string output(const std::string& id) = 0;  // so far; both streams
  virtual std::size_t processes(const std::string& id) = 0;
  // A file of the container's cgroup: "memory", "memory.limit_in_bytes", and what version 2 calls
  // it.
  virtual std::string cgroup_value(const std::string& id, const std::string& controller,
                                   const std::string& file, const std::string& v2_file) = 0;
  // The directory in /proc of the container's first process, by the pid that the daemon tells.
  virtual std::filesystem::path process(const std::string& id) = 0;
  // For what no other daemon has: `what` is said where this is none of Docker's API.
  virtual const DockerClient& docker(std::string_view what) = 0;
  // A workflow that podman needs help with asks.
  virtual bool is_podman() const { return false; }
  virtual bool is_ctr() const { return false; }
  // Whether the container's document says reliably that the kernel ended one of its processes for
  // want of memory.
  virtual bool tells_oom() const { return false; }

  // Create, without start.
  std::string create(const Wish& wish, std::string_view what);
  json inspect(const std::string& id, std::string_view what = "documents of containers");
  // Until the container has written `text`. Throws Error{kTimeout}.
  void await_output(const std::string& id, std::string_view text);
  void await_status(const std::string& id, std::string_view status);

  static std::vector<std::string> shell(const std::string& script) { return {"sh", "-c", script}; }
  static Wish sleeper() {
    Wish wish;
    wish.args = {"sleep", "1000"};
    return wish;
  }

 protected:
  virtual json document(const Wish& wish) const;
};

// /proc as the daemon sees it, whose first process has this pid here.
std::filesystem::path proc_of(pid_t daemon);

// Those of the wish with those that every container has.
std::vector<UlimitDraft> limits_of(const Wish& wish);

// Which of the `words` the daemon says in its refusal; all that it says where it has none of them,
// and "accepted" where it refuses nothing.
template <typename Call>
std::string refusal(Call call, std::initializer_list<std::string_view> words) {
  try {
    call();
  } catch (const Error& failure) {
    std::string said;
    for (const std::string_view word : words) {
      if (std::string_view(failure.what()).find(word) == std::string_view::npos) continue;
      said.append(said.empty() ? "refused: " : ", ").append(word);
    }
    return said.empty() ? failure.what() : said;
  }
  return "accepted";
}

// Calls `done` until it says so. Throws Error{kTimeout}, which names `what`.
void await(std::string_view what, const std::function<bool()>& done);

}  // namespace dropin_suite
