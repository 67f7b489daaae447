// One executor per step. Each returns a negative errno, or anything else on success.
#pragma once

#include "engine/init/run.h"

namespace seatrial::init {

using wire::Form;

// namespaces.cc
Result execute(Run& run, const steps::JoinCgroup<Form>& step);
Result execute(Run& run, const steps::SetOomScore<Form>& step);
Result execute(Run& run, const steps::RaiseRlimit<Form>& step);
Result execute(Run& run, const steps::OpenNamespace<Form>& step);
Result execute(Run& run, const steps::EnterNamespaces<Form>& step);
Result execute(Run& run, const steps::EnterTarget<Form>& step);
Result execute(Run& run, const steps::NewUserNamespace<Form>& step);
Result execute(Run& run, const steps::BecomeRoot<Form>& step);
Result execute(Run& run, const steps::NewTimeNamespace<Form>& step);
Result execute(Run& run, const steps::CloneInit<Form>& step);
// sources.cc
Result execute(Run& run, const steps::OpenSource<Form>& step);
// surroundings.cc
Result execute(Run& run, const steps::SessionKeyring<Form>& step);
Result execute(Run& run, const steps::LoopbackUp<Form>& step);
Result execute(Run& run, const steps::SetHostname<Form>& step);
Result execute(Run& run, const steps::SetDomainname<Form>& step);
Result execute(Run& run, const steps::OpenProcfs<Form>& step);
Result execute(Run& run, const steps::Sysctl<Form>& step);
Result execute(Run& run, const steps::Umask<Form>& step);
Result execute(Run& run, const steps::SetRlimit<Form>& step);
// scheduling.cc
Result execute(Run& run, const steps::SetAffinity<Form>& step);
Result execute(Run& run, const steps::SetPersonality<Form>& step);
Result execute(Run& run, const steps::SetMemoryPolicy<Form>& step);
Result execute(Run& run, const steps::SetScheduler<Form>& step);
Result execute(Run& run, const steps::SetIoPriority<Form>& step);
// root.cc
Result execute(Run& run, const steps::PrepareRoot<Form>& step);
Result execute(Run& run, const steps::EnterRoot<Form>& step);
Result execute(Run& run, const steps::ChangeKept<Form>& step);
Result execute(Run& run, const steps::ChangeRoot<Form>& step);
// mounts.cc
Result execute(Run& run, const steps::Mount<Form>& step);
Result execute(Run& run, const steps::BindMount<Form>& step);
Result execute(Run& run, const steps::Remount<Form>& step);
// cgroup_tree.cc
Result execute(Run& run, const steps::CgroupTree<Form>& step);
// devices.cc
Result execute(Run& run, const steps::DefaultDevices<Form>& step);
Result execute(Run& run, const steps::Device<Form>& step);
// console.cc
Result execute(Run& run, const steps::Console<Form>& step);
// covers.cc
Result execute(Run& run, const steps::PrepareMasks<Form>& step);
Result execute(Run& run, const steps::ReadonlyPath<Form>& step);
Result execute(Run& run, const steps::MaskPath<Form>& step);
// hooks.cc
Result execute(Run& run, const steps::RuntimeHooks<Form>& step);
Result execute(Run& run, const steps::Hook<Form>& step);
Result execute(Run& run, const steps::AskState<Form>& step);
// paths.cc
Result execute(Run& run, const steps::MakeDirectory<Form>& step);
Result execute(Run& run, const steps::WorkingDirectory<Form>& step);
// identity.cc
Result execute(Run& run, const steps::BoundCapabilities<Form>& step);
Result execute(Run& run, const steps::SetUser<Form>& step);
Result execute(Run& run, const steps::NoNewPrivileges<Form>& step);
Result execute(Run& run, const steps::InstallSeccomp<Form>& step);
Result execute(Run& run, const steps::SetCapabilities<Form>& step);
// label.cc
Result execute(Run& run, const steps::OpenOwnProcfs<Form>& step);
Result execute(Run& run, const steps::LabelKeys<Form>& step);
Result execute(Run& run, const steps::OpenLabel<Form>& step);
Result execute(Run& run, const steps::SetLabel<Form>& step);
// program.cc
Result execute(Run& run, const steps::FindProgram<Form>& step);
Result execute(Run& run, const steps::Ready<Form>& step);
Result execute(Run& run, const steps::AwaitStart<Form>& step);
Result execute(Run& run, const steps::Execute<Form>& step);

// Carries out init's steps from the first on.
[[noreturn]] void run_init(Run& run);
// Carries out the step with this index (launcher's first).
Result execute_step(Run& run, std::uint32_t index);

}  // namespace seatrial::init
