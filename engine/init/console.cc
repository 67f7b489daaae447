// The container's terminal: made in its own devpts, its master sent to the runtime.
#include <asm/errno.h>
#include <asm/ioctls.h>

#include "engine/init/executors.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

constexpr long kDevptsMagic = 0x1cd1;

struct WindowSize {
  unsigned short rows;
  unsigned short columns;
  unsigned short unused[2];
};

// Whether the file lies on a devpts, whatever its path says (CVE-2025-52565).
Result check_devpts(Run& run, int fd) {
  long facts[32] = {};  // struct statfs begins with the file system's type
  const Result result = sys(__NR_fstatfs, fd, facts);
  if (result < 0) return result;
  return facts[0] == kDevptsMagic ? 0 : fail(run, -ENOTTY, "/dev/pts is not a devpts");
}

Result open_master(Run& run) {
  const Result master = open_in_root(run, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, RESOLVE_NO_SYMLINKS);
  if (master < 0) return fail(run, master, "/dev/pts/ptmx");
  Result result = check_devpts(run, (int)master);
  int locked = 0;
  if (result >= 0) result = sys(__NR_ioctl, master, TIOCSPTLCK, &locked);
  if (result >= 0) return master;
  close_fd(master);
  return result;
}

Result bind_on_dev_console(Run& run, int slave) {
  const Result mount = clone_tree(slave, "", false);
  if (mount < 0) return mount;
  const Result target = open_target(run, "/dev/console", false);
  const Result result = target < 0 ? target : attach((int)mount, (int)target);
  close_fd(target);
  close_fd(mount);
  return result;
}

Result send_master(Run& run, int master) {
  wire::Message message;
  message.kind = wire::MessageKind::kConsoleMaster;
  const Result sent = send_message(run.sync, message, nullptr, master);
  if (sent < 0) return sent;
  await_proceed(run);
  return 0;
}

// Makes the slave the session's terminal and its standard input, output and error.
Result take_terminal(int slave) {
  Result result = sys(__NR_ioctl, slave, TIOCSCTTY, 0);
  for (int fd = 0; fd <= 2 && result >= 0; ++fd) result = sys(__NR_dup3, slave, fd, 0);
  return result;
}

}  // namespace

Result execute(Run& run, const steps::Console<Form>& step) {
  const Result master = open_master(run);
  if (master < 0) return master;
  // By the master itself and not by name: it is the slave of this very devpts.
  const Result slave = sys(__NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  Result result = slave;
  if (result >= 0 && (step.rows | step.columns) != 0) {
    const WindowSize size = {(unsigned short)step.rows, (unsigned short)step.columns, {}};
    result = sys(__NR_ioctl, master, TIOCSWINSZ, &size);
  }
  // Refused for a user that the namespace does not map: then the mode alone decides.
  if (result >= 0) sys(__NR_fchown, slave, step.uid, -1);
  if (result >= 0 && step.on_dev_console != 0) result = bind_on_dev_console(run, (int)slave);
  if (result >= 0) result = send_master(run, (int)master);
  if (result >= 0) result = take_terminal((int)slave);
  close_fd(slave);
  close_fd(master);
  return result;
}

}  // namespace seatrial::init
