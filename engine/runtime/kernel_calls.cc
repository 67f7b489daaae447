#include "engine/runtime/kernel_calls.h"

#include <fmt/ranges.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

struct Call {
  std::string_view name;
  long number;
};
constexpr std::array kNeeded{Call{"openat2", SYS_openat2}, Call{"open_tree", SYS_open_tree},
                             Call{"move_mount", SYS_move_mount},
                             Call{"mount_setattr", SYS_mount_setattr}};

// Descriptors and addresses are none: whoever knows the call says so and does nothing.
bool is_missing(const Call& call) {
  return ::syscall(call.number, -1, nullptr, -1, nullptr, 0) < 0 && errno == ENOSYS;
}

}  // namespace

void require_kernel_calls() {
  std::vector<std::string_view> missing;
  for (const Call& call : kNeeded) {
    if (is_missing(call)) missing.push_back(call.name);
  }
  if (missing.empty()) return;
  throw error(Kind::kUnsupported,
              "this kernel, or a sandbox around this process, lacks {}, which it takes to build a "
              "container (Linux 5.12 has them)",
              fmt::join(missing, ", "));
}

}  // namespace seatrial::runtime
