// A step as the planner sees it: the arguments of one op with strings and vectors.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/plan/launch_plan.h"
#include "engine/plan/steps.h"

namespace seatrial::plan {

// How the arguments of steps.h are held on the heap.
struct HeapForm {
  using Text = std::string;
  using Texts = std::vector<std::string>;
  template <typename T>
  using List = std::vector<T>;
};

using JoinCgroup = steps::JoinCgroup<HeapForm>;
using SetAffinity = steps::SetAffinity<HeapForm>;
using SetOomScore = steps::SetOomScore<HeapForm>;
using RaiseRlimit = steps::RaiseRlimit<HeapForm>;
using OpenSource = steps::OpenSource<HeapForm>;
using OpenOwnProcfs = steps::OpenOwnProcfs<HeapForm>;
using OpenNamespace = steps::OpenNamespace<HeapForm>;
using EnterNamespaces = steps::EnterNamespaces<HeapForm>;
using EnterTarget = steps::EnterTarget<HeapForm>;
using NewUserNamespace = steps::NewUserNamespace<HeapForm>;
using BecomeRoot = steps::BecomeRoot<HeapForm>;
using NewTimeNamespace = steps::NewTimeNamespace<HeapForm>;
using CloneInit = steps::CloneInit<HeapForm>;
using LabelKeys = steps::LabelKeys<HeapForm>;
using OpenLabel = steps::OpenLabel<HeapForm>;
using SessionKeyring = steps::SessionKeyring<HeapForm>;
using LoopbackUp = steps::LoopbackUp<HeapForm>;
using PrepareRoot = steps::PrepareRoot<HeapForm>;
using Mount = steps::Mount<HeapForm>;
using BindMount = steps::BindMount<HeapForm>;
using Remount = steps::Remount<HeapForm>;
using CgroupMount = steps::CgroupMount<HeapForm>;
using CgroupLink = steps::CgroupLink<HeapForm>;
using CgroupTree = steps::CgroupTree<HeapForm>;
using DefaultDevices = steps::DefaultDevices<HeapForm>;
using Device = steps::Device<HeapForm>;
using Console = steps::Console<HeapForm>;
using PrepareMasks = steps::PrepareMasks<HeapForm>;
using OpenProcfs = steps::OpenProcfs<HeapForm>;
using RuntimeHooks = steps::RuntimeHooks<HeapForm>;
using Hook = steps::Hook<HeapForm>;
using EnterRoot = steps::EnterRoot<HeapForm>;
using MakeDirectory = steps::MakeDirectory<HeapForm>;
using ChangeKept = steps::ChangeKept<HeapForm>;
using ChangeRoot = steps::ChangeRoot<HeapForm>;
using SetHostname = steps::SetHostname<HeapForm>;
using SetDomainname = steps::SetDomainname<HeapForm>;
using Sysctl = steps::Sysctl<HeapForm>;
using ReadonlyPath = steps::ReadonlyPath<HeapForm>;
using MaskPath = steps::MaskPath<HeapForm>;
using Umask = steps::Umask<HeapForm>;
using SetRlimit = steps::SetRlimit<HeapForm>;
using SetPersonality = steps::SetPersonality<HeapForm>;
using SetMemoryPolicy = steps::SetMemoryPolicy<HeapForm>;
using SetScheduler = steps::SetScheduler<HeapForm>;
using SetIoPriority = steps::SetIoPriority<HeapForm>;
using WorkingDirectory = steps::WorkingDirectory<HeapForm>;
using BoundCapabilities = steps::BoundCapabilities<HeapForm>;
using SetUser = steps::SetUser<HeapForm>;
using NoNewPrivileges = steps::NoNewPrivileges<HeapForm>;
using InstallSeccomp = steps::InstallSeccomp<HeapForm>;
using SetCapabilities = steps::SetCapabilities<HeapForm>;
using FindProgram = steps::FindProgram<HeapForm>;
using Ready = steps::Ready<HeapForm>;
using AwaitStart = steps::AwaitStart<HeapForm>;
using AskState = steps::AskState<HeapForm>;
using SetLabel = steps::SetLabel<HeapForm>;
using Execute = steps::Execute<HeapForm>;

struct Step {
  std::variant<JoinCgroup, SetAffinity, SetOomScore, RaiseRlimit, OpenSource, OpenOwnProcfs,
               OpenNamespace, EnterNamespaces, EnterTarget, NewUserNamespace, BecomeRoot,
               NewTimeNamespace, CloneInit, LabelKeys, OpenLabel, SessionKeyring, LoopbackUp,
               PrepareRoot, Mount, BindMount, Remount, CgroupTree, DefaultDevices, Device, Console,
               PrepareMasks, OpenProcfs, RuntimeHooks, Hook, EnterRoot, MakeDirectory, ChangeKept,
               ChangeRoot, SetHostname, SetDomainname, Sysctl, ReadonlyPath, MaskPath, Umask,
               SetRlimit, SetPersonality, SetMemoryPolicy, SetScheduler, SetIoPriority,
               WorkingDirectory, BoundCapabilities, SetUser, NoNewPrivileges, InstallSeccomp,
               SetCapabilities, FindProgram, Ready, AwaitStart, AskState, SetLabel, Execute>
      action;
};

// "mount proc on /proc"
std::string describe(const Step& step);

}  // namespace seatrial::plan
