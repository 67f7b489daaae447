#include "engine/init/later.h"

#include <linux/close_range.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "engine/init/launcher.h"
#include "engine/init/monitor_files.h"

namespace seatrial::init {
namespace {

constexpr int kBadInvocation = 125;
constexpr int kNoProgram = 127;
constexpr int kArguments = 3;  // before the program

}  // namespace

void run_later(const char* const* arguments) {
  int count = 0;
  while (arguments[count] != nullptr) ++count;
  if (count <= kArguments) exit_process(kBadInvocation);
  PollEntry entry;
  entry.fd = parse_base(arguments[2]);
  entry.events = POLLIN;
  std::int64_t delay = 0;
  for (const char* at = arguments[1]; *at >= '0' && *at <= '9'; ++at)
    delay = delay * 10 + (*at - '0');
  if (entry.fd < 0) exit_process(kBadInvocation);
  const Result child = sys(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (child != 0) exit_process(child < 0 ? kBadInvocation : 0);

  sys(__NR_setsid);
  sys(__NR_prctl, PR_SET_NAME, "restart");
  sys(__NR_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
  const std::int64_t end = milliseconds() + delay;
  for (std::int64_t left = delay; left > 0; left = end - milliseconds()) {
    if (wait_for_events(&entry, 1, left) > 0) exit_process(0);
  }
  sys(__NR_execve, arguments[kArguments], arguments + kArguments, arguments + count + 1);
  exit_process(kNoProgram);
}

}  // namespace seatrial::init
