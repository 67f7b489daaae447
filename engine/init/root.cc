// The container's root: made a mount, entered, finished.
#include <asm/errno.h>

#include "engine/init/executors.h"
#include "engine/init/mounts.h"

namespace seatrial::init {
namespace {

constexpr int kDetach = 2;  // MNT_DETACH

// The root as a clone of itself on top of itself: pivot_root(2) wants a mount, and only the clone's
// attributes are ours to change. Returns the clone, which is attached.
Result mount_on_itself(const char* rootfs) {
  const Result directory = open_file(rootfs, O_PATH | O_DIRECTORY);
  if (directory < 0) return directory;
  const Result clone = clone_tree((int)directory, "", true);
  const Result result = clone < 0 ? clone : attach((int)clone, (int)directory);
  close_fd(directory);
  return result < 0 ? result : clone;
}

// pivot_root(2), NOTES: with the same directory twice, the old root ends on top of the new one,
// from where "." names it once more.
Result pivot() {
  const Result result = sys(__NR_pivot_root, ".", ".");
  return result < 0 ? result : sys(__NR_umount2, ".", kDetach);
}

Result move_over_root(int root) {
  const Result result = sys(__NR_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  return result < 0 ? result : sys(__NR_chroot, ".");
}

}  // namespace

Result execute(Run& run, const steps::PrepareRoot<Form>& step) {
  const char* const rootfs = text(run, step.rootfs);
  Result root;
  if (step.propagation == 0) {
    root = open_file(rootfs, O_PATH | O_DIRECTORY);
  } else {
    const Result cut = sys(__NR_mount, 0, "/", 0, step.propagation | MS_REC, 0);
    root = cut < 0 ? cut : mount_on_itself(rootfs);
  }
  if (root >= 0) run.root = (int)root;
  return root;
}

Result execute(Run& run, const steps::EnterRoot<Form>& step) {
  const Result result = sys(__NR_fchdir, run.root);
  if (result < 0) return result;
  switch (step.how) {
    case steps::RootEntry::kPivot:
      return pivot();
    case steps::RootEntry::kMove:
      return move_over_root(run.root);
    case steps::RootEntry::kChroot:
      return sys(__NR_chroot, ".");
  }
  return -EINVAL;
}

Result execute(Run& run, const steps::ChangeKept<Form>& step) {
  const int mount = run.kept[step.keep];
  const Result result = apply_change(mount, step.change);
  close_fd(mount);
  run.kept[step.keep] = -1;
  return result;
}

Result execute(Run& run, const steps::ChangeRoot<Form>& step) {
  return apply_change(run.root, step.change);
}

}  // namespace seatrial::init
