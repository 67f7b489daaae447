// The OCI lifecycle in process: what seatrial-runtime's verbs, the engine's core and the harness'
// `reference` target call.
//
// A Runtime holds what is worth keeping between containers (the sealed memfd of the init binary,
// the host's facts, the open state root). It may be used from several threads at once; operations
// on the same container exclude each other through a lock in the container's state directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/detailed_stats.h"
#include "engine/cgroup/oom_watch.h"
#include "engine/spec/config.h"
#include "engine/spec/state.h"

namespace seatrial::runtime {

// Descriptors for the container's stdio; -1: /dev/null. Borrowed, not owned.
struct Stdio {
  int in = 0;
  int out = 1;
  int err = 2;
};

// A process that stays with the container, holds its stdio and log and tells how it ended, whatever
// becomes of the process that created it (engine/init/monitor.h). The container dies with it.
struct MonitorRequest {
  // Made when absent. The monitor keeps in it: attach.sock, a stream socket whose clients get the
  // output from then on (in Docker's frames of 8 bytes of header: stream 1 or 2, 0, 0, 0, length in
  // big endian; raw for a terminal) and whose bytes become input; monitor.pid; and at the end
  // `exit`: "CODE SECONDS.NANOS\n".
  std::filesystem::path directory = {};
  std::filesystem::path log = {};  // in Docker's json-file format; empty: none
  std::uint64_t max_log_size = 0;  // bytes, after which it is rotated; 0: no limit
  unsigned max_log_files = 1;      // LOG, LOG.1, ...
  bool open_stdin = false;         // else /dev/null
  bool stdin_once = false;         // standard input ends with that of the first client
  bool terminal = false;           // must be what process.terminal says
  int attached = -1;               // a connected stream socket: the first client. Borrowed
  // Absolute path and arguments of a program that runs in the host's namespaces once the container
  // has ended and `exit` is written; empty: none. Who holds the other end of `attached` has a
  // second to do its task first: where `exit` is gone when that end is closed, it does not run.
  std::vector<std::string> exit_command = {};
};

struct CreateRequest {
  std::string id = {};
  std::filesystem::path bundle = {};
  Stdio stdio = {};
  std::filesystem::path pid_file = {};  // empty: none
  // Who gets the master when process.terminal. Empty: Child::console_master() keeps it.
  std::filesystem::path console_socket = {};
  // Nobody stays to relay a terminal: a process.terminal then needs a console socket, and only
  // then is a console socket taken.
  bool detached = false;
  // Stdio is then the monitor's, not the request's; no console socket. The Child cannot be waited
  // for: await_exit() tells its end.
  std::optional<MonitorRequest> monitor = {};
  bool no_pivot = false;
  bool no_new_keyring = false;
  // The caller's descriptors 3 .. 3+n-1 go to the program. They must not be close-on-exec.
  unsigned preserve_fds = 0;
  std::vector<std::string> added_env = {};  // to process.env; not for later execs
  bool add_home = false;  // HOME, from the container's /etc/passwd, where process.env has none
};

// What CRIU is to do beyond its default, on checkpoint and on restore.
struct CriuRequest {
  std::filesystem::path program = {};  // or its name on PATH; empty: criu
  std::filesystem::path images = {};   // the directory of the image files
  std::filesystem::path work = {};     // where CRIU's log goes; empty: to the images
  std::string manage_cgroups = {};     // soft (also where empty), full, strict or ignore
  std::vector<std::string> empty_namespaces = {};  // "network", which always is
  bool tcp_established = false;                    // connections, too
  bool external_unix_sockets = false;              // sockets with a peer outside
  bool shell_job = false;                          // a session of which the leader is outside
  bool file_locks = false;
  bool auto_dedup = false;
  // checkpoint: memory stays with the processes, and CRIU hands it out at the page server's
  // address; restore: `criu lazy-pages`, which runs in `work`, fetches what of it is wanted.
  bool lazy_pages = false;
};

struct CheckpointRequest {
  std::string id = {};
  CriuRequest criu = {};
  // Images of an earlier checkpoint, relative to these: pages that have not changed stay there.
  std::string parent_images = {};
  // ADDRESS:PORT that takes the pages; of lazy ones, where they are to be had. Empty: they are
  // images, too.
  std::string page_server = {};
  std::function<void()> pages_ready = {};  // called once lazy pages are to be had there
  bool leave_running = false;
  bool pre_dump = false;  // memory alone; the container runs on
  bool tcp_skip_in_flight = false;
};

struct RestoreRequest {
  std::string id = {};
  std::filesystem::path bundle = {};
  CriuRequest criu = {};
  Stdio stdio = {};  // takes the place of pipes and files of the host that were its stdio
  std::filesystem::path pid_file = {};
  std::filesystem::path console_socket = {};  // as in CreateRequest, like `detached`
  bool detached = false;
  std::string lsm_profile = {};  // TYPE:NAME
  std::string lsm_mount_context = {};
};

// A program that is to run after a while, whatever becomes of the caller until then.
struct LaterRequest {
  std::chrono::milliseconds delay = {};
  std::vector<std::string> command = {};  // absolute path and arguments
  // A byte that can be read from it during the delay: the program does not run. What waits has this
  // descriptor open, and no longer. Borrowed.
  int cancel = -1;
};

struct ExecRequest {
  std::string id = {};
  std::optional<spec::Process> process = {};  // full description; wins over the fields below
  std::vector<std::string> args = {};         // with the container's own process for all else
  std::vector<std::string> env = {};          // added
  std::optional<std::string> cwd = {};
  std::optional<spec::User> user = {};
  std::optional<std::uint32_t> uid = {};  // of the user, this alone
  std::optional<std::uint32_t> gid = {};
  std::vector<std::uint32_t> added_gids = {};
  std::optional<bool> terminal = {};
  std::optional<bool> no_new_privileges = {};
  std::vector<std::string> added_capabilities = {};  // an unknown name is a warning
  std::string apparmor_profile = {};                 // empty: the container's
  std::string selinux_label = {};                    // the same
  Stdio stdio = {};
  std::filesystem::path pid_file = {};
  std::filesystem::path console_socket = {};
  unsigned preserve_fds = 0;
  bool add_home = false;  // as in CreateRequest
  // Below the container's cgroup; empty: in it, or (v2) where its first process is.
  std::vector<cgroup::SubCgroup> cgroups = {};
  // A paused container is no error: the process starts, and exec() returns, once it is resumed.
  bool ignore_paused = false;
};

// How a process ended: `code` 0-255, 128+signal for a signal.
struct ExitStatus {
  int code = 0;
  std::chrono::system_clock::time_point finished = {};  // where a monitor saw it
  // The monitor was killed, and the container with it: `code` is 137, `finished` when it was
  // noticed.
  bool monitor_lost = false;
};

// A process that this one started and can wait for.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, UniqueFd pidfd, UniqueFd console_master)
      : pid_(pid), pidfd_(std::move(pidfd)), console_master_(std::move(console_master)) {}

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  // The pseudo-terminal's master when a terminal was asked for without a console socket.
  UniqueFd& console_master() { return console_master_; }
  // Waits until the process ended and reaps it; nothing after `timeout` (nullopt: no limit).
  std::optional<ExitStatus> wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd console_master_;
};

// Whether containers may go without the cgroups that the caller may not make, where they ask for no
// limit and no path of cgroups: as runc has it, where the caller is not root of the host.
enum class Rootless { kDetect, kYes, kNo };

// Who makes containers' cgroups: the runtime, or systemd, as scopes with SLICE:PREFIX:NAME for
// linux.cgroupsPath. What was made knows it: later commands need not say so again.
enum class CgroupManager { kSelf, kSystemd };

class Runtime {
 public:
  // State lies under `root`/ID. `root` is made when absent (mode 0700).
  explicit Runtime(std::filesystem::path root, Rootless rootless = Rootless::kDetect,
                   CgroupManager cgroup_manager = CgroupManager::kSelf);
  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  // Every operation throws Error; its text says what failed at which step. A failed create leaves
  // nothing behind.
  Child create(const CreateRequest& request);
  void start(const std::string& id);
  // create and start in one go, without the detour over the state directory's socket where
  // possible.
  Child run(const CreateRequest& request);
  // Runs one more process. The child is this process's own.
  Child exec(const ExecRequest& request);
  spec::State state(const std::string& id) const;
  std::vector<spec::State> list() const;
  // Writes a running or paused container into image files, through the program CRIU. Unless it is
  // to be left running it is gone afterwards, poststop hooks included, as with runc. A failed
  // checkpoint leaves it as it was. Throws Error{kUnsupported}, before it makes anything, where
  // CRIU is not there or cannot work.
  void checkpoint(const CheckpointRequest& request);
  // Makes a running container of such images. The child is the container's first process.
  Child restore(const RestoreRequest& request);
  // Pids in the container, in the caller's pid namespace.
  std::vector<pid_t> processes(const std::string& id) const;
  void kill(const std::string& id, int signal, bool all = false);
  // Stops every process of the container where it is, and lets them go on. kConflict for a
  // container that is not running, or not paused.
  void pause(const std::string& id);
  void resume(const std::string& id);
  // Changes the limits that `resources` names. Rules for devices, where there are any, take the
  // place of all that the container had; as at create, they do nothing for a caller without the
  // host's privileges. `schemata` are lines for the class of service that linux.intelRdt has put
  // the container into.
  void update(const std::string& id, const spec::Resources& resources,
              const std::vector<std::string>& schemata = {});
  cgroup::Stats stats(const std::string& id) const;
  cgroup::DetailedStats detailed_stats(const std::string& id) const;
  cgroup::OomWatch watch_oom(const std::string& id) const;
  // Processes of the container that the kernel killed for want of memory; nothing where no memory
  // controller counts.
  std::optional<std::uint64_t> oom_kills(const std::string& id) const;
  // Deletes a stopped container; with `force` kills first, and an unknown id is fine.
  void remove(const std::string& id, bool force = false);
  // How a container with a monitor ended; nothing after `timeout` (nullopt: no limit). From any
  // process, any number of times, without polling. Throws Error{kInvalidArgument} where there is no
  // monitor.
  std::optional<ExitStatus> await_exit(
      const std::string& id, std::optional<std::chrono::milliseconds> timeout = std::nullopt) const;
  // Returns once the wait has begun. What waits is a small process and nobody's child.
  void run_later(const LaterRequest& request);
  // Cleans or adopts what a killed runtime or monitor left under the root. Returns the ids cleaned.
  // Throws the first Error in the end, when it has gone through all of them.
  std::vector<std::string> recover();

  const std::filesystem::path& root() const;

  // What an operation wants said although it succeeds (an unknown capability, a failing poststop
  // hook). Called from the operation's thread; nothing is said by default.
  void on_warning(std::function<void(std::string_view)> sink);

  struct Impl;  // impl.h, for the room itself
  friend Impl& impl_of(Runtime& runtime);

 private:
  std::unique_ptr<Impl> impl_;
};

// The plan that create would carry out for this bundle on this host, a line a step. Makes nothing.
std::string plan_text(const std::filesystem::path& bundle,
                      CgroupManager cgroup_manager = CgroupManager::kSelf);

// Where state lies without --root: /run/seatrial, or $XDG_RUNTIME_DIR/seatrial for a user who is
// not root of the host (but, as runc has it, not for the root of a user namespace whose $USER is
// root).
std::filesystem::path default_root();

}  // namespace seatrial::runtime
