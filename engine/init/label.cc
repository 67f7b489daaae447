// The label of a security module, for the program alone.
//
// It is written through a procfs that the launcher took hold of in the host's namespaces: one of
// the container's might be somebody's forgery, to whom the label would be told and who would leave
// the program without it (CVE-2019-16884, CVE-2019-19921). Only the open file is kept, which takes
// nothing from any other process than init.
#include <asm/errno.h>

#include "engine/init/executors.h"
#include "engine/init/memory.h"
#include "engine/init/mounts.h"

namespace seatrial::init {
namespace {

constexpr char kPrefix[] = "self/attr/";

// Init's own file of this name.
Result open_own(Run& run, const char* file) {
  char path[64];
  const std::size_t size = length(file);
  if (size + sizeof kPrefix > sizeof path) return -ENAMETOOLONG;
  memcpy(path, kPrefix, sizeof kPrefix - 1);
  memcpy(path + sizeof kPrefix - 1, file, size + 1);
  const open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                        .mode = 0,
                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
  return sys(__NR_openat2, run.own_procfs, path, &how, sizeof how);
}

}  // namespace

Result execute(Run& run, const steps::OpenOwnProcfs<Form>&) {
  const Result procfs = open_host_procfs(run);
  if (procfs >= 0) run.own_procfs = (int)procfs;
  return procfs;
}

Result execute(Run& run, const steps::LabelKeys<Form>& step) {
  const Result keys = open_own(run, "keycreate");
  if (keys < 0) return keys;
  const Result written =
      write_bytes((int)keys, text(run, step.label), length(text(run, step.label)));
  close_fd(keys);
  return written;
}

Result execute(Run& run, const steps::OpenLabel<Form>& step) {
  const Result label = open_own(run, text(run, step.file));
  close_fd(run.own_procfs);
  run.own_procfs = -1;
  if (label >= 0) run.label = (int)label;
  return label;
}

Result execute(Run& run, const steps::SetLabel<Form>& step) {
  char words[4096];
  const std::size_t order = length(text(run, step.order));
  const std::size_t label = length(text(run, step.label));
  if (order + label > sizeof words) return -ENAMETOOLONG;
  memcpy(words, text(run, step.order), order);
  memcpy(words + order, text(run, step.label), label);
  return write_bytes(run.label, words, order + label);
}

}  // namespace seatrial::init
