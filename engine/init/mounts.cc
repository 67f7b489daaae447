// File systems and binds, made as detached mounts and moved into place.
#include "engine/init/mounts.h"

#include <asm/errno.h>

#include "engine/init/copy_up.h"
#include "engine/init/executors.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

// "0755" for the option mode= of tmpfs.
void print_mode(unsigned mode, char (&digits)[6]) {
  for (int i = 4; i >= 0; --i, mode >>= 3) digits[i] = (char)('0' + (mode & 7));
  digits[5] = '\0';
}

Result take_mode_of(int context, int target) {
  struct statx facts;
  const Result result = stat_fd(target, facts);
  if (result < 0) return result;
  char digits[6];
  print_mode(facts.stx_mode & 07777, digits);
  return sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "mode", digits, 0);
}

// The detached mount that the step asks for; `target` is what it will cover, and `is_new` what
// was made for it, whose mode nobody chose.
Result make_mount(Run& run, const steps::Mount<Form>& step, int context, int target, bool is_new) {
  Result result = 0;
  if (step.source.offset != 0) {
    result = sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "source", text(run, step.source), 0);
  }
  if (result >= 0 && (step.flags & steps::kModeOfTarget) != 0 && !is_new) {
    result = take_mode_of(context, target);
  }
  if (result >= 0 && (step.flags & steps::kReadonlySuperblock) != 0) {
    result = sys(__NR_fsconfig, context, FSCONFIG_SET_FLAG, "ro", 0, 0);
  }
  if (result >= 0) result = configure(run, context, texts(run, step.options));
  if (result >= 0) result = sys(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result >= 0) result = sys(__NR_fsmount, context, FSMOUNT_CLOEXEC, step.attributes);
  return result < 0 ? explain(run, context, result) : result;
}

bool changes_one(const steps::MountChange& change) {
  return (change.set | change.clear) != 0 ||
         (change.propagation != 0 && change.propagation_recursive == 0);
}

bool changes_tree(const steps::MountChange& change) {
  return (change.recursive_set | change.recursive_clear) != 0 ||
         (change.propagation != 0 && change.propagation_recursive != 0);
}

constexpr long kProcfsMagic = 0x9fa0;
constexpr std::uint64_t kProcfsRoot = 1;  // its inode number

// 1: the root of a procfs; 0: anything else.
Result is_procfs_root(int fd) {
  long facts[32] = {};  // struct statfs begins with the file system's type
  Result result = sys(__NR_fstatfs, fd, facts);
  if (result < 0 || facts[0] != kProcfsMagic) return result;
  struct statx entry;
  result = stat_fd(fd, entry);
  return result < 0 ? result : entry.stx_ino == kProcfsRoot;
}

// move_mount(2) has EINVAL for a file on a directory and the reverse, and for other things;
// mount(2) has a word for it, which callers of runtimes know.
Result attach_like_on_like(Run& run, int mount, int target) {
  const Result result = attach(mount, target);
  if (result != -EINVAL) return result;
  struct statx upper;
  struct statx lower;
  if (stat_fd(mount, upper) < 0 || stat_fd(target, lower) < 0) return result;
  if (is_directory(upper.stx_mode) == is_directory(lower.stx_mode)) return result;
  return fail(run, -ENOTDIR,
              is_directory(lower.stx_mode) ? "a file cannot cover a directory"
                                           : "a directory cannot cover a file");
}

bool is_proc(const char* path) {
  return length(path) == 5 && starts_with(path, "/proc");
}

// What covered the whole of procfs would take every masked and read-only path below it out of the
// way, and stand in for what programs believe to be the kernel's word (CVE-2015-3631); so would
// what stands on /proc itself in its place. A part of it may be covered, and the whole by another
// procfs.
Result attach_unless_over_procfs(Run& run, int mount, int target, const char* path) {
  const Result covers = is_proc(path) ? 1 : is_procfs_root(target);
  if (covers < 0) return covers;
  const Result stands_in = covers == 0 ? 1 : is_procfs_root(mount);
  if (stands_in < 0) return stands_in;
  if (stands_in == 0)
    return fail(run, -EPERM, "only a procfs may be mounted on /proc or over a procfs");
  return attach_like_on_like(run, mount, target);
}

// The host's sysfs with all below it, as a mount with these attributes.
Result bind_host_sysfs(std::uint64_t attributes) {
  const Result mount = clone_tree(AT_FDCWD, "/sys", true);
  if (mount < 0) return mount;
  const std::uint64_t policy = attributes & MOUNT_ATTR__ATIME;
  const Result result =
      change_mount((int)mount, AT_RECURSIVE,
                   {.attr_set = attributes,
                    .attr_clr = policy != 0 ? (std::uint64_t)MOUNT_ATTR__ATIME : 0,
                    .propagation = 0,
                    .userns_fd = 0});
  if (result >= 0) return mount;
  close_fd(mount);
  return result;
}

Result label_root(int mount, const char* label) {
  if (*label == '\0') return 0;
  const Result root = sys(__NR_openat, mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return root;
  const Result result = sys(__NR_fsetxattr, root, "security.selinux", label, length(label), 0);
  close_fd(root);
  return result;
}

Result place(Run& run, const steps::Mount<Form>& step, int mount, int target) {
  Result result = apply_change(mount, step.change);
  if (result >= 0) result = label_root(mount, text(run, step.label));
  if (result >= 0 && (step.flags & steps::kCopyUp) != 0) result = copy_up(target, mount);
  if (result >= 0) result = attach_unless_over_procfs(run, mount, target, text(run, step.target));
  if (result >= 0 && step.keep < steps::kMostKept) {
    run.kept[step.keep] = mount;
  } else {
    close_fd(mount);
  }
  return result;
}

Result is_directory_fd(int fd) {
  struct statx facts;
  const Result result = stat_fd(fd, facts);
  return result < 0 ? result : is_directory(facts.stx_mode);
}

}  // namespace

Result open_host_procfs(Run& run) {
  const Result procfs = open_file("/proc", O_PATH | O_DIRECTORY);
  if (procfs < 0) return procfs;
  const Result whole = is_procfs_root((int)procfs);
  if (whole > 0) return procfs;
  close_fd(procfs);
  return whole < 0 ? whole : fail(run, kOnlyDetail, "/proc is no procfs");
}

Result explain(Run& run, int context, Result error) {
  static char words[512];
  // "e tmpfs: Bad value for 'size'": a letter for the level, the file system, the message.
  const Result size = sys(__NR_read, context, words, sizeof words);
  if (size <= 2) return error;
  run.detail = words + 2;
  run.detail_size = (std::size_t)size - 2;
  if (run.detail[run.detail_size - 1] == '\n') --run.detail_size;
  return error;
}

Result configure(Run& run, int context, char** options) {
  for (; *options != nullptr; ++options) {
    char* value = *options;
    while (*value != '\0' && *value != '=') ++value;
    Result result;
    if (*value == '\0') {
      result = sys(__NR_fsconfig, context, FSCONFIG_SET_FLAG, *options, 0, 0);
    } else {
      *value++ = '\0';  // the plan is ours alone
      result = sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, *options, value, 0);
    }
    if (result < 0) return explain(run, context, result);
  }
  return 0;
}

Result label_all(int context, const char* label) {
  if (*label == '\0') return 0;
  return sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "context", label, 0);
}

Result new_mount(const char* type, std::uint64_t attributes, const char* label) {
  const Result context = sys(__NR_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) return context;
  Result result = label_all((int)context, label);
  if (result >= 0) result = sys(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result >= 0) result = sys(__NR_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  close_fd(context);
  return result;
}

Result apply_change(int mount, const steps::MountChange& change) {
  Result result = 0;
  if (changes_one(change)) {
    const bool here = change.propagation_recursive == 0;
    result = change_mount(mount, 0,
                          {.attr_set = change.set,
                           .attr_clr = change.clear,
                           .propagation = here ? change.propagation : 0,
                           .userns_fd = 0});
  }
  if (result >= 0 && changes_tree(change)) {
    const bool here = change.propagation_recursive != 0;
    result = change_mount(mount, AT_RECURSIVE,
                          {.attr_set = change.recursive_set,
                           .attr_clr = change.recursive_clear,
                           .propagation = here ? change.propagation : 0,
                           .userns_fd = 0});
  }
  return result;
}

Result execute(Run& run, const steps::Mount<Form>& step) {
  const std::uint64_t resolve =
      (step.flags & steps::kNoSymlinkTarget) != 0 ? RESOLVE_NO_SYMLINKS : 0;
  Result target = open_in_root(run, text(run, step.target), O_PATH, resolve);
  const bool is_new = target == -ENOENT;
  if (is_new) target = open_target(run, text(run, step.target), true, resolve);
  if (target == -ELOOP && resolve != 0) {
    return fail(run, target, "a symbolic link stands there, which must be a directory");
  }
  if (target < 0) return target;
  Result result = sys(__NR_fsopen, text(run, step.type), FSOPEN_CLOEXEC);
  if (result == -ENODEV) fail(run, result, "the kernel does not know this type of file system");
  if (result >= 0) {
    const Result context = result;
    result = make_mount(run, step, (int)context, (int)target, is_new);
    close_fd(context);
  }
  if (result == -EPERM && (step.flags & steps::kBindHostsWhereRefused) != 0) {
    run.detail = nullptr;
    result = bind_host_sysfs(step.attributes);
  }
  if (result >= 0) result = place(run, step, (int)result, (int)target);
  close_fd(target);
  return result;
}

Result execute(Run& run, const steps::BindMount<Form>& step) {
  const Result mount = step.opened < steps::kMostSources
                           ? run.sources[step.opened]
                           : clone_tree(AT_FDCWD, text(run, step.source), step.recursive != 0);
  if (mount < 0) return mount;
  Result result = apply_change((int)mount, step.change);
  Result target = -EINVAL;
  if (result >= 0) {
    target = open_in_root(run, text(run, step.target), O_PATH);
    if (target == -ENOENT) {
      const Result directory = is_directory_fd((int)mount);
      target = directory < 0 ? directory : open_target(run, text(run, step.target), directory != 0);
    }
    result = target < 0
                 ? target
                 : attach_unless_over_procfs(run, (int)mount, (int)target, text(run, step.target));
  }
  close_fd(target);
  close_fd(mount);
  return result;
}

Result execute(Run& run, const steps::Remount<Form>& step) {
  const Result target = open_in_root(run, text(run, step.target), O_PATH);
  if (target < 0) return target;
  Result result = 0;
  if (step.superblock != 0) {
    const Result context = sys(__NR_fspick, target, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
    result = context;
    if (result >= 0) result = configure(run, (int)context, texts(run, step.options));
    if (result >= 0) {
      result = sys(__NR_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
      if (result < 0) explain(run, (int)context, result);
    }
    close_fd(context);
  }
  if (result >= 0) result = apply_change((int)target, step.change);
  close_fd(target);
  return result;
}

}  // namespace seatrial::init
