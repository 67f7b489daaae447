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
inline constexpr int kPlanOffset = 0;   // base + 0: sealed memfd with the encoded plan
inline constexpr int kSyncOffset = 1;   // base + 1: SOCK_SEQPACKET pair with the runtime
inline constexpr int kSlotOffset = 2;   // base + 2 + n: Slot n of the plan
// All from `base` on are close-on-exec before the user's program starts; nothing else is open.

// Descriptors whose numbers a plan cannot know; an unused slot stays closed.
enum class Slot : std::uint32_t {
  kStartListener = 0,  // create: the listening socket of the state directory
  kTargetPidfd = 1,    // exec: pidfd of the container's init, for setns
};
inline constexpr std::uint32_t kSlotCount = 2;

// ---- Messages on kSyncFd --------------------------------------------------------------------
// Each message is one packet: a Message, then `payload` bytes. Descriptors travel by SCM_RIGHTS.
enum class MessageKind : std::uint32_t {
  // From launcher or init to the runtime.
  kIdMapsNeeded = 1,   // launcher, in its new user namespace: write my uid_map, gid_map. pid: launcher
  kInitStarted,        // launcher: init was cloned. pid: init, in the runtime's pid namespace
  kRuntimeHooksDue,    // init: mounts stand, root not yet pivoted: run prestart and createRuntime
                       // hooks. The answer's payload is the state document for createContainer hooks
  kConsoleMaster,      // init: SCM_RIGHTS carries the pseudo-terminal's master
  kReady,              // init: all that create does is done; next it waits for start. No answer.
                       // For an exec plan: the next thing is execve; EOF on the socket is success.
  kFailed,             // launcher or init: step `step` failed with `sys_errno`; the process is ending.
                       // payload: optional detail bytes (a path, a hook's stderr tail)
  // From the runtime.
  kProceed,            // the answer to kIdMapsNeeded, kInitStarted, kRuntimeHooksDue, kConsoleMaster
  kAbort,              // give up: exit without a word
};

struct Message {
  MessageKind kind = MessageKind::kAbort;
  std::uint32_t step = 0;         // index into the plan's steps (launcher's first, then init's)
  std::int32_t sys_errno = 0;
  std::int32_t pid = 0;
  std::uint32_t payload = 0;      // bytes that follow in the same packet
};

inline constexpr std::uint32_t kMaxPayload = 64 * 1024;

// ---- The start connection ---------------------------------------------------------------------
// Between create and start, init waits in accept4() on the listening socket of the state directory
// (Slot kStartListener). `start` connects and reads: EOF without a byte means that execve
// succeeded (close-on-exec); otherwise one Message kFailed tells {step, errno}.
// kStartStateNeeded/kStartState: before startContainer hooks run, init asks over this connection
// for the state document they get on stdin (only when the plan has such hooks).
enum class StartMessageKind : std::uint32_t { kStateNeeded = 1, kState, kFailed };

}  // namespace seatrial::wire
