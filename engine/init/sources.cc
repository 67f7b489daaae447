// Sources of bind mounts that are opened with the host's privileges.
#include <asm/errno.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>

#include "engine/init/executors.h"
#include "engine/init/words.h"

namespace seatrial::init {
namespace {

Words path;  // /proc/PID/NAME

const char* proc_path(Result pid, const char* name) {
  path = Words();
  path.add("/proc/");
  path.add((int)pid);
  path.add("/");
  path.add(name);
  return path.text();
}

Result write_map(Result pid, const char* name, const char* map) {
  const Result fd = open_file(proc_path(pid, name), O_WRONLY);
  if (fd < 0) return fd;
  const Result written = write_bytes((int)fd, map, length(map));
  close_fd(fd);
  return written;
}

// Who may not set groups writes a map of groups only where it gives up that others can
// (user_namespaces(7)).
Result write_group_map(Result pid, const char* map) {
  const Result result = write_map(pid, "gid_map", map);
  if (result != -EPERM) return result;
  const Result denied = write_map(pid, "setgroups", "deny");
  return denied < 0 ? result : write_map(pid, "gid_map", map);
}

// A user namespace with these maps, held by nothing but the descriptor that is returned.
Result make_user_namespace(const char* uid_map, const char* gid_map) {
  const Result pid = sys(__NR_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return pid;
  if (pid == 0) {
    sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
    for (;;) sys(__NR_ppoll, 0, 0, 0, 0, 0);
  }
  Result result = write_map(pid, "uid_map", uid_map);
  if (result >= 0) result = write_group_map(pid, gid_map);
  if (result >= 0) result = open_file(proc_path(pid, "ns/user"), O_RDONLY);
  sys(__NR_kill, pid, SIGKILL);
  sys(__NR_wait4, pid, 0, 0, 0);
  return result;
}

Result map_owners(Run& run, const steps::OpenSource<Form>& step, int mount) {
  const Result user = make_user_namespace(text(run, step.uid_map), text(run, step.gid_map));
  if (user < 0) return user;
  const Result result = change_mount(mount, step.map_recursive != 0 ? AT_RECURSIVE : 0,
                                     {.attr_set = MOUNT_ATTR_IDMAP,
                                      .attr_clr = 0,
                                      .propagation = 0,
                                      .userns_fd = (std::uint64_t)user});
  close_fd(user);
  return result == -EINVAL ? fail(run, result, "its file system cannot map owners") : result;
}

}  // namespace

Result execute(Run& run, const steps::OpenSource<Form>& step) {
  const Result mount = clone_tree(AT_FDCWD, text(run, step.source), step.recursive != 0);
  if (mount < 0) return mount;
  Result result = 0;
  // As if it were cloned in the container's mount namespace: what is mounted there must not show
  // up on the host, unless that was asked for.
  if (step.keep_peers == 0) {
    result = change_mount((int)mount, AT_RECURSIVE,
                          {.attr_set = 0, .attr_clr = 0, .propagation = MS_SLAVE, .userns_fd = 0});
  }
  if (result >= 0 && step.uid_map.offset != 0) result = map_owners(run, step, (int)mount);
  run.sources[step.number] = (int)mount;
  return result;
}

}  // namespace seatrial::init
