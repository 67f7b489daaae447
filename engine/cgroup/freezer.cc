// Stopping all processes of a cgroup and letting them go on: freezer.state of v1, where a state has
// to be asked for again and again; cgroup.freeze of v2, which tells in cgroup.events when it is so.
#include "engine/cgroup/freezer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/cgroup/keyed.h"
#include "engine/sys/deadline.h"

namespace seatrial::cgroup {
namespace {

// The freezer's directory when it is the container's own.
const Membership& own_freezer(const Identity& identity) {
  const Membership* const member = freezer_of(identity);
  if (member == nullptr) {
    throw error(Kind::kUnsupported,
                "pause: the container has no cgroup of its own with the controller freezer");
  }
  if (!is_ours(*member)) {
    throw error(Kind::kConflict, "pause: the cgroup {} is not the container's own",
                member->directory);
  }
  return *member;
}

// Whether it froze before the deadline.
bool freeze_v1(const Directory& directory, Deadline deadline) {
  Backoff backoff(deadline);
  do {
    // Written each time: a task that is forked while freezing may escape the first request.
    directory.write("freezer.state", "FROZEN");
    if (directory.read("freezer.state") == "FROZEN") return true;
  } while (backoff.wait());
  return false;
}

std::string read_again(const UniqueFd& file, const Directory& directory) {
  std::array<char, 256> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  if (got < 0) throw sys_error(errno, "read {}/cgroup.events", directory.path());
  return {text.data(), static_cast<std::size_t>(got)};
}

bool freeze_v2(const Directory& directory, Deadline deadline) {
  const UniqueFd events = directory.open_to_read("cgroup.events");
  directory.write("cgroup.freeze", "1");
  // poll(2) tells of changes since the last read.
  while (keyed_number(read_again(events, directory), "frozen") != 1) {
    std::array<pollfd, 1> entry{{{events.get(), POLLPRI, 0}}};
    if (sys::poll_until(entry, deadline) == 0) return false;
  }
  return true;
}

void set_thawed(const Directory& directory, bool v2) {
  const int failure = v2 ? directory.try_write("cgroup.freeze", "0")
                         : directory.try_write("freezer.state", "THAWED");
  if (failure != 0 && failure != ENODEV && failure != ENOENT) {
    throw sys_error(failure, "thaw {}", directory.path());
  }
}

}  // namespace

const Membership* freezer_of(const Identity& identity) {
  const Membership* const v1 = identity.find("freezer");
  return v1 != nullptr ? v1 : identity.unified();
}

bool is_ours(const Membership& member) {
  if (member.made.empty() || member.made.back().path != member.directory) return false;
  const std::optional<Directory> directory = Directory::open_if_present(member.directory);
  return directory && directory->inode() == member.made.back().inode;
}

void Cgroup::freeze(Deadline deadline) const {
  const Membership& member = own_freezer(identity_);
  const Directory directory(member.directory);
  if ((member.v2 ? freeze_v2 : freeze_v1)(directory, deadline)) return;
  thaw();
  throw error(Kind::kTimeout, "pause: {} did not freeze in time", directory.path());
}

void Cgroup::thaw() const {
  const Membership& member = own_freezer(identity_);
  // The container may have frozen a cgroup of its own below.
  walk(member.directory, [&](const Directory& each) { set_thawed(each, member.v2); });
}

std::optional<std::string> Cgroup::foreign_freezer() const {
  const Membership* const member = freezer_of(identity_);
  if (member == nullptr || is_ours(*member)) return std::nullopt;
  return member->directory;
}

bool Cgroup::frozen() const {
  const Membership* const member = freezer_of(identity_);
  if (member == nullptr || !is_ours(*member)) return false;
  const std::optional<Directory> directory = Directory::open_if_present(member->directory);
  if (!directory) return false;
  // Freezing may last for as long as one task cannot be stopped, and holds the others already.
  if (member->v2) return directory->read_if_present("cgroup.freeze").value_or("0") == "1";
  return directory->read_if_present("freezer.state").value_or("THAWED") != "THAWED";
}

}  // namespace seatrial::cgroup
