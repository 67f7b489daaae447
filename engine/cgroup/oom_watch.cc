#include "engine/cgroup/oom_watch.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {

OomWatch::OomWatch(const Cgroup& cgroup)
    : cgroup_(Cgroup::open(cgroup.identity())), kills_(cgroup.oom_kills()) {
  const Membership* const memory = cgroup_.identity().find("memory");
  const Membership* const member = memory != nullptr ? memory : cgroup_.identity().unified();
  if (member == nullptr) return;
  directory_ = member->directory;
  v1_ = memory != nullptr;
  const Directory directory(directory_);
  if (v1_) {
    // memory.rst, "OOM Control": the eventfd and the file, by number.
    control_ = directory.open_to_read("memory.oom_control");
    fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd_) throw sys_error(errno, "make an eventfd");
    directory.write("cgroup.event_control", fmt::format("{} {}", fd_.get(), control_.get()));
    return;
  }
  const std::string events = directory_ + "/memory.events";
  if (::access(events.c_str(), R_OK) != 0) return;  // without the controller
  fd_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd_ || ::inotify_add_watch(fd_.get(), events.c_str(), IN_MODIFY) < 0) {
    throw sys_error(errno, "watch {}", events);
  }
}

bool OomWatch::take() {
  char drained[4096];
  bool told = false;
  while (fd_ && ::read(fd_.get(), drained, sizeof drained) > 0) told = true;
  const std::optional<std::uint64_t> kills = cgroup_.oom_kills();
  const bool grown = kills.value_or(0) > kills_.value_or(0);
  if (kills) kills_ = kills;
  // v1 tells before it counts, and tells once more when the directory goes.
  return grown || (v1_ && told && ::access(directory_.c_str(), F_OK) == 0);
}

}  // namespace seatrial::cgroup
