// Read-only and masked paths.
#include <asm/errno.h>

#include "engine/init/executors.h"
#include "engine/init/mounts.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

constexpr std::uint64_t kCoverAttributes =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

Result cover(Cover& cover, int target) {
  if (!cover.attached) {
    const Result result = attach(cover.fd, target);
    cover.attached = result >= 0;
    return result;
  }
  const Result clone = clone_tree(cover.fd, "", false);
  if (clone < 0) return clone;
  const Result result = attach((int)clone, target);
  close_fd(clone);
  return result;
}

Result cover_directory(Run& run, int target) {
  if (run.empty_directory.fd < 0) {
    const Result mount = new_mount("tmpfs", kCoverAttributes | MOUNT_ATTR_NODEV, run.cover_label);
    if (mount < 0) return mount;
    run.empty_directory.fd = (int)mount;
  }
  return cover(run.empty_directory, target);
}

// A path that is not there, or leads through a file, hides and protects itself.
bool is_absent(Result error) {
  return error == -ENOENT || error == -ENOTDIR;
}

}  // namespace

Result execute(Run& run, const steps::PrepareMasks<Form>& step) {
  // The host's, before the container's own could stand in its place (CVE-2025-31133), and
  // read-only, so that the container's root cannot change its mode or owner.
  const Result null = clone_tree(AT_FDCWD, "/dev/null", false);
  if (null < 0) return null;
  struct statx facts;
  Result result = stat_fd((int)null, facts);
  if (result >= 0 && ((facts.stx_mode & kTypeMask) != kCharacterType || facts.stx_rdev_major != 1 ||
                      facts.stx_rdev_minor != 3)) {
    return fail(run, -ENODEV, "/dev/null of the host is not the null device");
  }
  if (result >= 0) {
    result = change_mount(
        (int)null, 0,
        {.attr_set = kCoverAttributes, .attr_clr = 0, .propagation = 0, .userns_fd = 0});
  }
  run.null_device.fd = (int)null;
  run.cover_label = text(run, step.label);
  return result;
}

Result execute(Run& run, const steps::ReadonlyPath<Form>& step) {
  const Result target = open_in_root(run, text(run, step.target), O_PATH);
  if (target < 0) return is_absent(target) ? 0 : target;
  const Result mount = clone_tree((int)target, "", true);
  Result result = mount;
  if (result >= 0) {
    result = change_mount(
        (int)mount, AT_RECURSIVE,
        {.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0});
  }
  if (result >= 0) result = attach((int)mount, (int)target);
  close_fd(mount);
  close_fd(target);
  return result;
}

Result execute(Run& run, const steps::MaskPath<Form>& step) {
  const Result target = open_in_root(run, text(run, step.target), O_PATH);
  if (target < 0) return is_absent(target) ? 0 : target;
  struct statx facts;
  Result result = stat_fd((int)target, facts);
  if (result >= 0) {
    result = is_directory(facts.stx_mode) ? cover_directory(run, (int)target)
                                          : cover(run.null_device, (int)target);
  }
  close_fd(target);
  return result;
}

}  // namespace seatrial::init
