// What launcher and init know while they carry out a plan, and the messages they send. One Run
// exists; init inherits the launcher's by fork.
#pragma once

#include "engine/init/syscalls.h"
#include "engine/plan/steps.h"
#include "engine/plan/wire.h"

namespace seatrial::init {

// A mount that covers many paths: the first is covered by itself, the others by clones, because
// before Linux 6.15 a mount that is not attached cannot be cloned.
struct Cover {
  int fd = -1;
  bool attached = false;
};

struct OpenedNamespace {
  int fd = -1;
  std::uint64_t flag = 0;
  const char* path = "";
};
inline constexpr int kMostNamespaces = 8;

struct Run {
  const char* image = nullptr;  // the mapped plan
  const wire::PlanHeader* header = nullptr;
  int plan_fd = -1;
  int sync = -1;
  int start_listener = -1;
  int target_pidfd = -1;
  int start = -1;                             // over which the outcome of start is told
  std::uint32_t step = 0;                     // the one being carried out
  int monitor = 0;                            // its process id; 0: there is none
  volatile std::int32_t* listener = nullptr;  // where the launcher waits for its number
  std::int32_t* cloned = nullptr;             // where the monitor finds init's process id
  std::uint32_t umask = 0;                    // the one that the launcher was started with

  // Why the step failed, where the errno alone does not tell.
  const char* detail = nullptr;
  std::size_t detail_size = 0;

  OpenedNamespace namespaces[kMostNamespaces];
  int namespace_count = 0;

  int root = AT_FDCWD;  // the container's root; paths of the plan are resolved beneath it
  Cover null_device;
  Cover empty_directory;
  const char* cover_label = "";  // the empty directory's
  int procfs = -1;
  int own_procfs = -1;  // the host's
  int label = -1;       // init's own attr/.../exec
  int kept[steps::kMostKept] = {};
  int sources[steps::kMostSources] = {};
  const char* pending_directory = nullptr;  // the new user, not root, must enter it
  const char* state = "";                   // the state document for hooks
  std::size_t state_size = 0;
  char program[4096] = {};
};

// ---- The plan's arguments -------------------------------------------------------------------

inline const char* data(const Run& run) {
  return run.image + run.header->data_offset;
}
inline const char* text(const Run& run, wire::Text place) {
  return data(run) + place.offset;
}
inline char** texts(const Run& run, wire::Texts place) {
  auto* words = (char**)(run.image + run.header->pointers_offset);
  return words + place.first;
}
template <typename T>
const T* list(const Run& run, wire::List<T> place) {
  return (const T*)(data(run) + place.offset);
}

// For a step that failed without an errno: the detail alone says why.
inline constexpr Result kOnlyDetail = -0x10000;

// The errno of the step, with the reason in words.
inline Result fail(Run& run, Result error, const char* detail) {
  run.detail = detail;
  run.detail_size = length(detail);
  return error;
}

// ---- Messages -------------------------------------------------------------------------------

// `passed_fd` travels along unless it is -1. Returns a negative errno or 0.
Result send_message(int socket, const wire::Message& message, const char* payload,
                    int passed_fd = -1);

// Waits for a message; its payload stays valid until the next call. End of file is -ECONNRESET.
struct Received {
  wire::Message message;
  const char* payload = "";
};
Result receive_message(int socket, Received& received);

// A message that may bring a descriptor; `fd` is -1 where it does not.
Result receive_descriptor(int socket, wire::Message& message, int& fd);

// Waits for kProceed. On kAbort or when the runtime is gone the process ends here, quietly.
Received await_proceed(Run& run);

// Tells over `socket` that the current step failed, and ends the process.
[[noreturn]] void report_and_exit(Run& run, int socket, Result error);

}  // namespace seatrial::init
