#include "engine/init/paths.h"

#include <asm/errno.h>

#include "engine/init/executors.h"
#include "engine/init/memory.h"

namespace seatrial::init {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr unsigned kDirectoryMode = 0755;
constexpr unsigned kFileMode = kRegularType | 0644;
// RESOLVE_IN_ROOT gives up with EAGAIN when a rename passes by (openat2(2)). Whoever renames
// without end only keeps its own container from starting.
constexpr int kMostTries = 128;

// A component is missing in the directory that is open as `dir`: makes and opens it.
Result make_component(Run& run, int dir, const char* name, const char* prefix) {
  const Result made = sys(__NR_mkdirat, dir, name, kDirectoryMode);
  if (made < 0 && made != -EEXIST) return made;
  return open_in_root(run, prefix, O_PATH | O_DIRECTORY);
}

Result enter_directory(Run& run, const char* path) {
  const Result fd = open_in_root(run, path, O_PATH | O_DIRECTORY);
  if (fd < 0) return fd;
  const Result result = sys(__NR_fchdir, fd);
  close_fd(fd);
  return result;
}

}  // namespace

Result open_in_root(Run& run, const char* path, int flags, std::uint64_t resolve) {
  const open_how how = {.flags = (std::uint64_t)(unsigned)(flags | O_CLOEXEC),
                        .mode = 0,
                        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve};
  Result fd = -EAGAIN;
  for (int i = 0; i < kMostTries && (fd == -EAGAIN || fd == -EINTR); ++i) {
    fd = sys(__NR_openat2, run.root, path, &how, sizeof how);
  }
  return fd;
}

const char* last_component(const char* path) {
  const char* name = path;
  for (const char* c = path; *c != '\0'; ++c) {
    if (*c == '/') name = c + 1;
  }
  return name;
}

// For the path that ends at `end`, of which mostly just the last component is missing.
Result make_last(Run& run, char* path, char* end) {
  if (end > path + 1 && end[-1] == '/') --end;
  const char kept = *end;
  *end = '\0';
  char* const name = path + (last_component(path) - path);
  Result dir = -ENOENT;
  if (name > path + 1) {
    name[-1] = '\0';
    dir = open_in_root(run, path, O_PATH | O_DIRECTORY);
    name[-1] = '/';
  }
  Result made = dir;
  if (dir >= 0) {
    made = make_component(run, (int)dir, name, path);
    close_fd(dir);
  }
  *end = kept;
  return made;
}

Result make_directories(Run& run, const char* path, bool whole) {
  char prefix[kLongestPath];
  const std::size_t size = length(path);
  if (size >= sizeof prefix) return -ENAMETOOLONG;
  memcpy(prefix, path, size + 1);
  char* end = prefix + size;
  if (!whole) end = prefix + (last_component(prefix) - prefix);
  const Result only_last = make_last(run, prefix, end);
  if (only_last != -ENOENT) return only_last;
  Result dir = open_in_root(run, "/", O_PATH | O_DIRECTORY);
  // Paths of the plan start with one slash and have no empty component.
  for (char* name = prefix + 1; dir >= 0 && name < end;) {
    char* stop = name;
    while (stop < end && *stop != '/') ++stop;
    const char kept = *stop;
    *stop = '\0';
    Result next = open_in_root(run, prefix, O_PATH | O_DIRECTORY);
    if (next == -ENOENT) next = make_component(run, (int)dir, name, prefix);
    close_fd(dir);
    dir = next;
    *stop = kept;
    name = stop + 1;
  }
  return dir;
}

Result open_target(Run& run, const char* path, bool directory, std::uint64_t resolve) {
  const Result found = open_in_root(run, path, O_PATH, resolve);
  if (found != -ENOENT) return found;
  const Result dir = make_directories(run, path, directory);
  if (dir < 0 || (directory && resolve == 0)) return dir;
  Result made = 0;
  if (!directory) made = sys(__NR_mknodat, dir, last_component(path), kFileMode, 0);
  close_fd(dir);
  if (made < 0 && made != -EEXIST) return made;
  return open_in_root(run, path, O_PATH, resolve);
}

Result execute(Run& run, const steps::MakeDirectory<Form>& step) {
  Result fd = open_in_root(run, text(run, step.target), O_PATH | O_DIRECTORY);
  if (fd == -ENOENT) fd = make_directories(run, text(run, step.target), true);
  close_fd(fd);
  return fd;
}

Result execute(Run& run, const steps::WorkingDirectory<Form>& step) {
  // Left for after the change of the user where root may not enter, as on a network file system.
  const Result result = enter_directory(run, text(run, step.target));
  if (result == -EACCES) {
    run.pending_directory = text(run, step.target);
    return 0;
  }
  if (result < 0) return result;
  // A directory that cannot be named from the root lies outside of it (CVE-2024-21626).
  char path[kLongestPath];
  const Result size = sys(__NR_getcwd, path, sizeof path);
  if (size < 0) return size == -ERANGE ? -ENAMETOOLONG : size;
  return path[0] == '/' ? 0 : fail(run, -EACCES, "the directory is outside of the container");
}

Result enter_pending_directory(Run& run) {
  return run.pending_directory == nullptr ? 0 : enter_directory(run, run.pending_directory);
}

}  // namespace seatrial::init
