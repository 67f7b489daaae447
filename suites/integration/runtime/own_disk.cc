#include "suites/integration/runtime/own_disk.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/lack.h"

namespace {

using seatrial::sys_error;
using seatrial::UniqueFd;
using seatrial::harness::Lack;

constexpr const char* kAllDisks = "/dev/loop-control";
constexpr const char* kScheduler = "/sys/block/loop0/queue/scheduler";
constexpr off_t kSize = 4 << 20;

UniqueFd open_node(const char* path) {
  UniqueFd fd(::open(path, O_RDWR | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ENOENT || errno == ENXIO) throw Lack("this kernel has no loop devices");
  if (errno == EACCES || errno == EPERM) throw Lack("this user may have no loop device");
  throw sys_error(errno, "open {}", path);
}

// Of the one before, the disk is free a moment after it was closed: when nobody looks at it.
bool put_on(int disk, const loop_config& config) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::ioctl(disk, LOOP_CONFIGURE, &config) == 0) return true;
    if (errno != EBUSY) throw sys_error(errno, "set up {}", OwnDisk::kPath);
    ::poll(nullptr, 0, 20);
  }
  return false;
}

void write_scheduler(const std::string& name) {
  const UniqueFd file = seatrial::open_file(kScheduler, O_WRONLY);
  seatrial::write_all(file.get(), name, kScheduler);
}

}  // namespace

OwnDisk::OwnDisk() : turn_(open_node(kAllDisks)) {
  if (::flock(turn_.get(), LOCK_EX) != 0) throw sys_error(errno, "lock {}", kAllDisks);
  const UniqueFd memory(::memfd_create("disk", MFD_CLOEXEC));
  if (!memory || ::ftruncate(memory.get(), kSize) != 0) throw sys_error(errno, "make a disk");
  disk_ = open_node(kPath);
  loop_config config{};
  config.fd = static_cast<unsigned>(memory.get());
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (!put_on(disk_.get(), config)) throw Lack("this host's first loop device is in use");
}

OwnDisk::~OwnDisk() {
  try {
    if (!scheduler_.empty()) write_scheduler(scheduler_);
  } catch (const seatrial::Error&) {
    // It matters to nobody: the disk has no content any more.
  }
}

void OwnDisk::weigh_requests() {
  const std::string all = seatrial::read_file(kScheduler);  // "[none] mq-deadline bfq"
  const std::size_t begin = all.find('[');
  const std::size_t end = all.find(']');
  if (begin == all.npos || end == all.npos || all.find("bfq") == all.npos) {
    throw Lack("this kernel has no BFQ to weigh the requests of a disk");
  }
  write_scheduler("bfq");
  scheduler_ = all.substr(begin + 1, end - begin - 1);
}
