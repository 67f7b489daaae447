// The one contract between the runtime (engine/plan, engine/runtime: C++ with a heap) and the
// static init binary (engine/init: no heap, no libc): how a plan lies in memory, and the messages
// that the two exchange while a container is made. Both sides are always built together, so there
// is a magic number and no versioning.
//
// Must stay includable by a freestanding translation unit: fixed-size integers and nothing else.
#pragma once

#include <cstdint>

namespace seatrial::wire {

// ---- Descriptors that the launcher inherits ---------------------------------------------------
// 0, 1, 2: the container's stdio. 3 to base-1: descriptors preserved for the user's program
// (--preserve-fds). argv[1] of the launcher is `base` in decimal; from there on:
inline constexpr int kPlanOffset = 0;  // base + 0: memfd with the encoded plan, sealed by kProceed
inline constexpr int kSyncOffset = 1;  // base + 1: SOCK_SEQPACKET pair with the runtime
inline constexpr int kSlotOffset = 2;  // base + 2 + n: Slot n of the plan
// All from `base` on are close-on-exec before the user's program starts; nothing else is open.

// Descriptors whose numbers a plan cannot know; an unused slot stays closed.
enum class Slot : std::uint32_t {
  kStartListener = 0,  // create: the listening socket of the state directory
  kTargetPidfd = 1,    // exec: pidfd of the container's init, for setns
};
inline constexpr std::uint32_t kSlotCount = 2;

// ---- The monitor ------------------------------------------------------------------------------
// argv: "monitor", BASE, options (below, in any order), the most bytes of a log file (0: no limit),
// the most log files, the log's name in its directory, then the exit command's path and arguments
// if there is one; it gets the environment that the monitor was given. Descriptors as above, every
// slot of the plan open; 0 to 2 are /dev/null. Behind the plan's slots come these:
enum class MonitorSlot : std::uint32_t {
  kControl = 0,   // SOCK_SEQPACKET pair with the runtime, see below
  kDirectory,     // where attach.sock, monitor.pid, alive and exit are
  kLogDirectory,  // with kMonitorLogs
  kLog,           // open for appending; with kMonitorLogs
  kListener,      // attach.sock, listening
  kAlive,         // the FIFO `alive`: its writer goes when `exit` is written
  kAttached,      // the first client; with kMonitorAttached
};
inline constexpr std::uint32_t kMonitorSlotCount = 7;
inline constexpr int kMonitorSlotOffset = kSlotOffset + (int)kSlotCount;

inline constexpr char kMonitorTerminal = 't';   // the master comes over the control socket
inline constexpr char kMonitorStdin = 'i';      // standard input is a pipe; else /dev/null
inline constexpr char kMonitorStdinOnce = 'o';  // which ends with the input of the first client
inline constexpr char kMonitorLogs = 'l';
inline constexpr char kMonitorAttached = 'a';

// The control socket, from the runtime only: kConsoleMaster; kReady once the container is to
// outlive the runtime; end of file when the runtime lets go. End of file before kReady, and kAbort
// at any time: kill what there is of the container and leave nothing.
// A failure of the monitor itself is a kFailed on the sync socket with this step:
inline constexpr std::uint32_t kMonitorStep = 0xffffffff;

// ---- Messages ---------------------------------------------------------------------------------
// The same packets go over the sync socket and the start connection (both SOCK_SEQPACKET): a
// Message, then `payload` bytes. Descriptors travel by SCM_RIGHTS.
enum class MessageKind : std::uint32_t {
  // From launcher or init to the runtime.
  kIdMapsNeeded =
      1,         // launcher, in its new user namespace: write my uid_map, gid_map. pid: launcher
  kInitStarted,  // launcher: init was cloned. pid: init, in the runtime's pid namespace; monitor
  kRuntimeHooksDue,  // init: mounts stand, root not yet pivoted: run prestart and createRuntime
                     // hooks. The answer's payload is the state document for createContainer hooks
  kConsoleMaster,    // init: SCM_RIGHTS carries the pseudo-terminal's master
  kSeccompListener,  // From a launcher that hands it over: with the descriptor. Else from
                     // init, about to install a filter with a listener: `descriptor` is the number
                     // that it will have. Sent ahead, because the filter may hold up the sending:
                     // the runtime takes the descriptor out of init (pidfd_getfd(2))
  kReady,            // init: all that create does is done. See "How a plan ends" below
  kFailed,  // launcher or init: step `step` failed with `sys_errno`; the process is ending.
            // payload: optional detail, UTF-8 without NUL (why a path was refused, a hook's
            // stderr tail). sys_errno 0: the detail alone says why (a hook's exit status)
  // From the runtime.
  kProceed,  // to the launcher, before all else: the plan is there. Then the answer to
  // kIdMapsNeeded, kInitStarted (init reads it; may be sent ahead where the launcher asks nothing),
  // kRuntimeHooksDue, kConsoleMaster, kSeccompListener; and to kReady where the plan has
  // start_at_once
  kAbort,  // give up: exit without a word
  // On the start connection, or on the sync socket where the plan has start_at_once.
  kStateNeeded,  // init: send the state document that startContainer hooks get on stdin
  kState,        // the runtime's answer: payload is the document
};

struct Message {
  MessageKind kind = MessageKind::kAbort;
  std::uint32_t step = 0;  // index into the plan's steps (launcher's first, then init's)
  std::int32_t sys_errno = 0;
  std::int32_t pid = 0;
  std::int32_t monitor = 0;  // 0: there is none
  std::int32_t descriptor = -1;
  std::uint32_t payload = 0;  // bytes that follow in the same packet
};

inline constexpr std::uint32_t kMaxPayload = 64 * 1024;

// ---- How a plan ends ----------------------------------------------------------------------------
// create (Slot kStartListener given): after kReady init closes the sync socket and waits in
//   accept4() on the listening socket of the state directory, an AF_UNIX SOCK_SEQPACKET one that
//   the runtime bound and called listen() on before the launch. `start` connects and reads: where
//   the plan has needs_start_state, first kStateNeeded (answer: kState); then either end of file
//   without a packet, which means that execve succeeded (close-on-exec), or one kFailed.
//   A connection that ends before its answer came makes init wait for the next one.
// create with start_at_once (no listener): init waits for kProceed, then the same conversation
//   takes place on the sync socket: [kStateNeeded, kState,] end of file or kFailed.
// exec: kReady has no answer; end of file or kFailed follows on the sync socket.

// ---- The plan in memory -------------------------------------------------------------------------
// One file: PlanHeader; StepEntry[launcher_steps + init_steps]; the pointer words, 64 bits each;
// the data section. Every offset inside steps is relative to the data section, whose first byte is
// 0, so that offset 0 is the empty string. The launcher maps the file privately and adds the data
// section's address to every pointer word that is not 0: they are then the NULL-terminated vectors
// that execve takes.
inline constexpr std::uint32_t kPlanMagic = 0x53656172;

struct PlanHeader {
  std::uint32_t magic = kPlanMagic;
  std::uint32_t size = 0;  // of the whole file
  std::uint32_t launcher_steps = 0;
  std::uint32_t init_steps = 0;
  std::uint32_t pointers_offset = 0;  // from the start of the file, multiple of 8
  std::uint32_t pointer_count = 0;
  std::uint32_t data_offset = 0;  // from the start of the file, multiple of 8
  std::uint32_t preserve_fds = 0;
};

struct StepEntry {
  std::uint32_t op = 0;         // Op of steps.h
  std::uint32_t arguments = 0;  // offset of the op's structure in the data section
};

// How the arguments of a step lie in the file.
struct Text {
  std::uint32_t offset = 0;  // NUL-terminated; 0: the empty string
};
struct Texts {
  std::uint32_t first = 0;  // index of the first pointer word
  std::uint32_t count = 0;  // without the terminating 0
};
template <typename T>
struct List {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
};
struct Form {
  using Text = wire::Text;
  using Texts = wire::Texts;
  template <typename T>
  using List = wire::List<T>;
};

}  // namespace seatrial::wire
