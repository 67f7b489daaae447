// From a step's number to its executor.
#include <asm/errno.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#include "engine/init/executors.h"

namespace seatrial::init {
namespace {

struct Handler {
  steps::Op op;
  Result (*run)(Run&, const void*);
};

template <template <typename> typename S>
Result call(Run& run, const void* arguments) {
  return execute(run, *static_cast<const S<Form>*>(arguments));
}

template <template <typename> typename S>
constexpr Handler kHandler = {S<Form>::kOp, call<S>};

// In the order of steps::Op.
constexpr Handler kHandlers[] = {
    kHandler<steps::JoinCgroup>,
    kHandler<steps::SetAffinity>,
    kHandler<steps::SetOomScore>,
    kHandler<steps::RaiseRlimit>,
    kHandler<steps::OpenSource>,
    kHandler<steps::OpenOwnProcfs>,
    kHandler<steps::OpenNamespace>,
    kHandler<steps::EnterNamespaces>,
    kHandler<steps::EnterTarget>,
    kHandler<steps::NewUserNamespace>,
    kHandler<steps::BecomeRoot>,
    kHandler<steps::NewTimeNamespace>,
    kHandler<steps::CloneInit>,
    kHandler<steps::LabelKeys>,
    kHandler<steps::OpenLabel>,
    kHandler<steps::SessionKeyring>,
    kHandler<steps::LoopbackUp>,
    kHandler<steps::PrepareRoot>,
    kHandler<steps::Mount>,
    kHandler<steps::BindMount>,
    kHandler<steps::Remount>,
    kHandler<steps::CgroupTree>,
    kHandler<steps::DefaultDevices>,
    kHandler<steps::Device>,
    kHandler<steps::Console>,
    kHandler<steps::PrepareMasks>,
    kHandler<steps::OpenProcfs>,
    kHandler<steps::RuntimeHooks>,
    kHandler<steps::Hook>,
    kHandler<steps::EnterRoot>,
    kHandler<steps::MakeDirectory>,
    kHandler<steps::ChangeKept>,
    kHandler<steps::ChangeRoot>,
    kHandler<steps::SetHostname>,
    kHandler<steps::SetDomainname>,
    kHandler<steps::Sysctl>,
    kHandler<steps::ReadonlyPath>,
    kHandler<steps::MaskPath>,
    kHandler<steps::Umask>,
    kHandler<steps::SetRlimit>,
    kHandler<steps::SetPersonality>,
    kHandler<steps::SetMemoryPolicy>,
    kHandler<steps::SetScheduler>,
    kHandler<steps::SetIoPriority>,
    kHandler<steps::WorkingDirectory>,
    kHandler<steps::BoundCapabilities>,
    kHandler<steps::SetUser>,
    kHandler<steps::NoNewPrivileges>,
    kHandler<steps::InstallSeccomp>,
    kHandler<steps::SetCapabilities>,
    kHandler<steps::FindProgram>,
    kHandler<steps::Ready>,
    kHandler<steps::AwaitStart>,
    kHandler<steps::AskState>,
    kHandler<steps::SetLabel>,
    kHandler<steps::Execute>,
};

constexpr std::uint32_t kHandlerCount = sizeof kHandlers / sizeof *kHandlers;

consteval bool is_in_order() {
  for (std::uint32_t i = 0; i < kHandlerCount; ++i) {
    if (static_cast<std::uint32_t>(kHandlers[i].op) != i + 1) return false;
  }
  return static_cast<std::uint32_t>(steps::Op::kExecute) == kHandlerCount;
}
static_assert(is_in_order());

}  // namespace

Result execute_step(Run& run, std::uint32_t index) {
  const auto* entries = (const wire::StepEntry*)(run.image + sizeof(wire::PlanHeader));
  const wire::StepEntry& entry = entries[index];
  run.detail = nullptr;
  if (entry.op - 1 >= kHandlerCount) return -ENOSYS;
  return kHandlers[entry.op - 1].run(run, data(run) + entry.arguments);
}

void run_init(Run& run) {
  // The clone cleared it. A runtime that is gone already shows as end of file below.
  sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  sys(__NR_setsid);
  run.umask = (std::uint32_t)sys(__NR_umask, 0);  // modes in the plan are meant as they stand
  await_proceed(run);
  const std::uint32_t end = run.header->launcher_steps + run.header->init_steps;
  for (run.step = run.header->launcher_steps; run.step < end; ++run.step) {
    const Result result = execute_step(run, run.step);
    if (result < 0) report_and_exit(run, run.start >= 0 ? run.start : run.sync, result);
  }
  exit_process(1);  // the last step is execve, which does not come back
}

}  // namespace seatrial::init
