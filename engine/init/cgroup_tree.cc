// The container's cgroups as a tree of v1 hierarchies.
#include "engine/init/executors.h"
#include "engine/init/mounts.h"
#include "engine/init/paths.h"

namespace seatrial::init {
namespace {

constexpr std::uint64_t kReadonly = MOUNT_ATTR_RDONLY;
constexpr std::uint64_t kAlways = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

bool is_kept(const steps::CgroupTree<Form>& step) {
  return step.keep < steps::kMostKept;
}

Result new_tmpfs(std::uint64_t attributes, const char* label) {
  const Result context = sys(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return context;
  Result result = sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "mode", "755", 0);
  if (result >= 0) {
    result = sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "source", "cgroup", 0);
  }
  if (result >= 0) result = label_all((int)context, label);
  if (result >= 0) result = sys(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result >= 0) result = sys(__NR_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  close_fd(context);
  return result;
}

// A new mount of the hierarchy shows the cgroup namespace's root, which is the container's cgroup.
Result new_hierarchy(Run& run, const steps::CgroupMount<Form>& hierarchy,
                     std::uint64_t attributes) {
  const Result context = sys(__NR_fsopen, text(run, hierarchy.type), FSOPEN_CLOEXEC);
  if (context < 0) return context;
  Result result = sys(__NR_fsconfig, context, FSCONFIG_SET_STRING, "source", "cgroup", 0);
  if (result >= 0) result = configure(run, (int)context, texts(run, hierarchy.options));
  if (result >= 0) result = sys(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result >= 0) result = sys(__NR_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  close_fd(context);
  return result;
}

// The tmpfs is new and nobody else can reach it, so that names in it may be used as they are.
Result add_hierarchy(Run& run, const steps::CgroupMount<Form>& hierarchy, std::uint64_t attributes,
                     int tree) {
  const char* const name = text(run, hierarchy.name);
  Result result = sys(__NR_mkdirat, tree, name, 0755);
  if (result < 0) return result;
  const Result mount = hierarchy.source.offset == 0
                           ? new_hierarchy(run, hierarchy, attributes)
                           : clone_tree(AT_FDCWD, text(run, hierarchy.source), false);
  if (mount < 0) return mount;
  result = sys(__NR_move_mount, mount, "", tree, name, MOVE_MOUNT_F_EMPTY_PATH);
  close_fd(mount);
  return result;
}

Result fill(Run& run, const steps::CgroupTree<Form>& step, int tree) {
  const auto* hierarchies = list(run, step.mounts);
  for (std::uint32_t i = 0; i < step.mounts.count; ++i) {
    const Result result = add_hierarchy(run, hierarchies[i], step.attributes | kAlways, tree);
    if (result < 0) {
      return run.detail != nullptr ? result : fail(run, result, text(run, hierarchies[i].name));
    }
  }
  const auto* links = list(run, step.links);
  for (std::uint32_t i = 0; i < step.links.count; ++i) {
    const Result result =
        sys(__NR_symlinkat, text(run, links[i].points_to), tree, text(run, links[i].name));
    if (result < 0) return fail(run, result, text(run, links[i].name));
  }
  const std::uint64_t attributes = step.attributes | kAlways;
  const std::uint64_t policy = attributes & MOUNT_ATTR__ATIME;
  const Result result =
      change_mount(tree, AT_RECURSIVE,
                   {.attr_set = attributes,
                    .attr_clr = policy != 0 ? (std::uint64_t)MOUNT_ATTR__ATIME : 0,
                    .propagation = 0,
                    .userns_fd = 0});
  if (result < 0 || !is_kept(step)) return result;
  return change_mount(tree, 0,
                      {.attr_set = 0, .attr_clr = kReadonly, .propagation = 0, .userns_fd = 0});
}

}  // namespace

Result execute(Run& run, const steps::CgroupTree<Form>& step) {
  const Result target = open_target(run, text(run, step.target), true);
  if (target < 0) return target;
  const Result tree = new_tmpfs((step.attributes | kAlways) & ~kReadonly, text(run, step.label));
  Result result = tree;
  if (result >= 0) result = attach((int)tree, (int)target);
  if (result >= 0) result = fill(run, step, (int)tree);
  if (result >= 0 && is_kept(step)) {
    run.kept[step.keep] = (int)tree;
  } else {
    close_fd(tree);
  }
  close_fd(target);
  return result;
}

}  // namespace seatrial::init
