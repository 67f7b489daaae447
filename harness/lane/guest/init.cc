// The first process of a lane: builds the job's world, runs the job, tells how it ended and turns
// the machine off.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "harness/lane/guest/job.h"
#include "harness/lane/guest/port.h"
#include "harness/lane/guest/world.h"

int main() {
  using namespace seatrial::lane::guest;
  // Before anything can fail, so that it can be said: the kernel gives the first process of an
  // initramfs without /dev/console no descriptors.
  ::mkdir("/dev", 0755);
  if (::mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr) != 0) return 1;
  int fd = ::open("/dev/console", O_RDWR);
  while (fd >= 0 && fd < STDERR_FILENO) fd = ::dup(fd);
  // Where there is a console all three were open already, and the job is to inherit no fourth.
  if (fd > STDERR_FILENO) ::close(fd);
  const Job job = read_job();
  load_modules();
  if (!open_port()) give_up("there is no port to the host", 0);
  enter_cargo();
  mount_system();
  mount_cgroups(job.cgroup);
  if (!job.policy.empty()) enforce_policy(job.policy);
  raise_loopback();
  // Init must outlive an out of memory that the job causes, to tell of it.
  const int adjust = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (::write(adjust, "-1000", 5) != 5) give_up("shield init from the want of memory", errno);
  ::close(adjust);
  run_job(job);
  power_off();
}
