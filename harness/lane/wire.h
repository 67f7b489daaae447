// What the host and the guest's init say to each other. The host sends a job once, as a file of the
// initramfs; the guest sends frames through one port. Both are built from the same tree, so nothing
// here carries a version.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seatrial::lane::wire {

// In the initramfs, beside /init.
inline constexpr const char* kJobFile = "/lane/job";
inline constexpr const char* kModules = "/lane/modules/";  // NN-name.ko, loaded in this order
inline constexpr const char* kCargo = "/lane/root";        // what becomes the job's root

inline constexpr const char* kPolicyFile = "/etc/selinux/policy";  // in the cargo

// The job: records "KEY=VALUE", each ended by a null byte; a key that is a list comes repeatedly.
inline constexpr const char* kArg = "arg";
inline constexpr const char* kEnv = "env";
inline constexpr const char* kDirectory = "cwd";
inline constexpr const char* kCgroup = "cgroup";    // v1, v2, hybrid
inline constexpr const char* kPolicy = "policy";    // of SELinux, to be loaded and enforced
inline constexpr const char* kCollect = "collect";  // a directory to send back

enum class FrameType : std::uint32_t {
  kAlive = 1,   // nothing but that init runs; once a second
  kStdout = 2,  // bytes of the job
  kStderr = 3,
  kFile = 4,    // a collected file begins: INDEX of the directory, '/', its path below
  kBytes = 5,   // of that file
  kExited = 6,  // the last frame: a Status
  kKilled = 7,  // the last frame: a Status with the signal
  kFault = 8,   // the last frame: a sentence; the job did not run
};

// In the guest's byte order, which is the host's.
struct FrameHeader {
  FrameType type = FrameType::kAlive;
  std::uint32_t length = 0;  // of what follows, at most kMaxFrame
};
inline constexpr std::size_t kMaxFrame = 64 * 1024;

struct Status {
  std::int32_t code = 0;  // exit status, or the number of the signal
};

}  // namespace seatrial::lane::wire
