// Device nodes and the links in /dev.
#include <asm/errno.h>

#include "engine/init/executors.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

struct Node {
  const char* name;
  const char* on_host;
  unsigned major;
  unsigned minor;
};

// config-linux.md, "Default Devices".
constexpr Node kNodes[] = {
    {"null", "/dev/null", 1, 3},     {"zero", "/dev/zero", 1, 5},       {"full", "/dev/full", 1, 7},
    {"random", "/dev/random", 1, 8}, {"urandom", "/dev/urandom", 1, 9}, {"tty", "/dev/tty", 5, 0},
};

struct Link {
  const char* name;
  const char* points_to;
};

// runtime-linux.md, "Dev symbolic links".
constexpr Link kLinks[] = {
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

// The kernel's encoding of a device number in mknod(2).
constexpr unsigned device_number(unsigned major, unsigned minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

struct Wanted {
  const char* name;  // in the directory
  unsigned mode;     // with S_IFMT
  unsigned major;
  unsigned minor;
};

// Whether what stands there is the device that is wanted, mode aside.
Result check_existing(Run& run, int dir, const Wanted& wanted, bool& same_mode) {
  struct statx facts;
  const Result result = stat_at(dir, wanted.name, facts);
  if (result < 0) return result;
  const bool same =
      (facts.stx_mode & kTypeMask) == (wanted.mode & kTypeMask) &&
      ((wanted.mode & kTypeMask) == kFifoType ||
       (facts.stx_rdev_major == wanted.major && facts.stx_rdev_minor == wanted.minor));
  if (!same) return fail(run, -EEXIST, "another kind of file or another device stands there");
  same_mode = (facts.stx_mode & 07777) == (wanted.mode & 07777);
  return 0;
}

Result make_node(Run& run, int dir, const Wanted& wanted) {
  const unsigned number = device_number(wanted.major, wanted.minor);
  Result result = sys(__NR_mknodat, dir, wanted.name, wanted.mode, number);
  if (result != -EEXIST) return result;
  bool same_mode = false;
  result = check_existing(run, dir, wanted, same_mode);
  if (result < 0 || same_mode) return result;
  // Made anew, because chmod would follow a link that somebody puts there meanwhile.
  result = sys(__NR_unlinkat, dir, wanted.name, 0);
  if (result == -EBUSY) return 0;  // a mount that the configuration asked for
  return result < 0 ? result : sys(__NR_mknodat, dir, wanted.name, wanted.mode, number);
}

// What the host has under this name must be what the configuration means by it.
Result take_node(Run& run, const char* on_host, const Wanted& wanted) {
  const Result node = clone_tree(AT_FDCWD, on_host, false);
  if (node == -ENOENT) {
    return fail(run, node, "the host has no such device, and in a user namespace none can be made");
  }
  if (node < 0) return node;
  struct statx facts;
  Result result = stat_fd((int)node, facts);
  if (result >= 0 &&
      ((facts.stx_mode & kTypeMask) != (wanted.mode & kTypeMask) ||
       facts.stx_rdev_major != wanted.major || facts.stx_rdev_minor != wanted.minor)) {
    result = fail(run, -ENODEV,
                  "what the host has there is another device, and in a user namespace none can be "
                  "made");
  }
  if (result >= 0) return node;
  close_fd(node);
  return result;
}

// In a user namespace a node that was made could not be opened: the host's own is bound instead.
Result bind_node(Run& run, int dir, const char* on_host, const Wanted& wanted) {
  const Result made = sys(__NR_mknodat, dir, wanted.name, kRegularType | 0644, 0);
  if (made < 0 && made != -EEXIST) return made;
  const Result target = open_at(dir, wanted.name, O_PATH | O_NOFOLLOW);
  if (target < 0) return target;
  const Result node = take_node(run, on_host, wanted);
  const Result result = node < 0 ? node : attach((int)node, (int)target);
  close_fd(node);
  close_fd(target);
  return result;
}

Result make_links(int dev) {
  for (const Link& link : kLinks) {
    const Result result = sys(__NR_symlinkat, link.points_to, dev, link.name);
    if (result < 0 && result != -EEXIST) return result;
  }
  Result result = sys(__NR_symlinkat, "pts/ptmx", dev, "ptmx");
  if (result != -EEXIST) return result;
  // An image's own node would lead to the host's terminals; a mount there was asked for.
  result = sys(__NR_unlinkat, dev, "ptmx", 0);
  if (result == -EBUSY) return 0;
  return result < 0 ? result : sys(__NR_symlinkat, "pts/ptmx", dev, "ptmx");
}

bool is_null_device(int fd) {
  struct statx facts;
  return stat_fd(fd, facts) >= 0 && (facts.stx_mode & kTypeMask) == kCharacterType &&
         facts.stx_rdev_major == 1 && facts.stx_rdev_minor == 3;
}

// Standard streams that are the host's null device become the container's: through the host's, its
// root could change the host's mode and owner, and CRIU dumps no file of a mount outside. A /dev
// where devices cannot be opened leaves them as they are.
void take_own_null_device(int dev) {
  int own = -1;
  for (int fd = 0; fd <= 2; ++fd) {
    if (!is_null_device(fd)) continue;
    if (own < 0) own = (int)open_at(dev, "null", O_RDWR | O_NOFOLLOW);
    if (own < 0) return;
    if (is_null_device(own)) sys(__NR_dup3, own, fd, 0);
  }
  close_fd(own);
}

}  // namespace

Result execute(Run& run, const steps::DefaultDevices<Form>& step) {
  Result dev = open_in_root(run, "/dev", O_PATH | O_DIRECTORY);
  if (dev == -ENOENT) dev = make_directories(run, "/dev", true);
  if (dev < 0) return dev;
  Result result = 0;
  for (const Node& node : kNodes) {
    const Wanted wanted = {node.name, kCharacterType | 0666, node.major, node.minor};
    result = step.bind != 0 ? bind_node(run, (int)dev, node.on_host, wanted)
                            : make_node(run, (int)dev, wanted);
    if (result < 0) {
      if (run.detail == nullptr) fail(run, result, node.on_host);
      break;
    }
  }
  if (result >= 0) result = make_links((int)dev);
  if (result >= 0) take_own_null_device((int)dev);
  close_fd(dev);
  return result;
}

Result execute(Run& run, const steps::Device<Form>& step) {
  const char* const path = text(run, step.target);
  const char* const name = last_component(path);
  const Result dir = make_directories(run, path, false);
  if (dir < 0) return dir;
  Result result;
  const Wanted wanted = {name, step.mode, step.major, step.minor};
  if (step.bind != 0) {
    result = bind_node(run, (int)dir, path, wanted);
  } else {
    result = make_node(run, (int)dir, wanted);
    if (result >= 0) {
      result = sys(__NR_fchownat, dir, name, step.uid, step.gid, AT_SYMLINK_NOFOLLOW);
    }
  }
  close_fd(dir);
  return result;
}

}  // namespace seatrial::init
