// The label of a security module, for the program alone.
//
// It is written through a procfs that the launcher took hold of in the host's namespaces: one of
// the container's might be somebody's forgery, to whom the label would be told and who would leave
// the program without it (CVE-2019-16884, CVE-2019-19921). Only the open file is kept, which takes
// nothing from any other process than init.
#include <asm/errno.h>
#include <linux/magic.h>

#include "engine/init/executors.h"
#include "engine/init/memory.h"

namespace seatrial::init {
namespace {

constexpr char kPrefix[] = "self/attr/";
constexpr char kOrder[] = "exec ";

// struct statfs; its header needs the C library's.
struct FileSystemFacts {
  long type;
  char rest[256];
};

}  // namespace

Result execute(Run& run, const steps::OpenOwnProcfs<Form>&) {
  const Result procfs = open_file("/proc", O_PATH | O_DIRECTORY);
  if (procfs < 0) return procfs;
  FileSystemFacts facts = {};
  const Result result = sys(__NR_fstatfs, procfs, &facts);
  if (result < 0) return result;
  if (facts.type != PROC_SUPER_MAGIC) return fail(run, kOnlyDetail, "/proc is no procfs");
  run.own_procfs = (int)procfs;
  return 0;
}

Result execute(Run& run, const steps::OpenLabel<Form>& step) {
  char path[64];
  const std::size_t size = length(text(run, step.file));
  if (size + sizeof kPrefix > sizeof path) return -ENAMETOOLONG;
  memcpy(path, kPrefix, sizeof kPrefix - 1);
  memcpy(path + sizeof kPrefix - 1, text(run, step.file), size + 1);
  const open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                        .mode = 0,
                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
  const Result label = sys(__NR_openat2, run.own_procfs, path, &how, sizeof how);
  close_fd(run.own_procfs);
  run.own_procfs = -1;
  if (label >= 0) run.label = (int)label;
  return label;
}

Result execute(Run& run, const steps::SetLabel<Form>& step) {
  char order[4096];
  const std::size_t size = length(text(run, step.label));
  if (size + sizeof kOrder > sizeof order) return -ENAMETOOLONG;
  memcpy(order, kOrder, sizeof kOrder - 1);
  memcpy(order + sizeof kOrder - 1, text(run, step.label), size);
  return write_bytes(run.label, order, sizeof kOrder - 1 + size);
}

}  // namespace seatrial::init
