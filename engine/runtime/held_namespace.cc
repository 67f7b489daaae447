#include "engine/runtime/held_namespace.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/error.h"

namespace seatrial::runtime {
namespace {

std::string path_in(const StateDirectory& directory, const char* name) {
  return fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
}

}  // namespace

void hold_namespace(const StateDirectory& directory, const char* name, int space) {
  const UniqueFd file(
      ::openat(directory.get(), name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) throw sys_error(errno, "make a file in the state of container {}", directory.id());
  ::mount(fmt::format("/proc/self/fd/{}", space).c_str(), path_in(directory, name).c_str(), nullptr,
          MS_BIND, nullptr);
}

UniqueFd held_namespace(const StateDirectory& directory, const char* name) {
  UniqueFd file(::openat(directory.get(), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct statfs status{};
  if (!file || ::fstatfs(file.get(), &status) != 0 || status.f_type != NSFS_MAGIC) return {};
  return file;
}

void let_namespace_go(const StateDirectory& directory, const char* name) {
  if (::faccessat(directory.get(), name, F_OK, AT_SYMLINK_NOFOLLOW) != 0) return;
  ::umount2(path_in(directory, name).c_str(), MNT_DETACH);
  ::unlinkat(directory.get(), name, 0);
}

}  // namespace seatrial::runtime
