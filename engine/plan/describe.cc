// One phrase per step, as it stands in errors ("step 14 of 31, mount proc on /proc") and in what
// `seatrial-runtime plan` prints.
#include <fmt/format.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/stat.h>

#include "engine/plan/step.h"
#include "engine/spec/names.h"

namespace seatrial::plan {
namespace {

struct BitName {
  std::uint64_t bit;
  std::string_view name;
};

constexpr BitName kNamespaces[] = {
    {CLONE_NEWUSER, "user"},     {CLONE_NEWNS, "mount"},  {CLONE_NEWPID, "pid"},
    {CLONE_NEWNET, "network"},   {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},
    {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"},
};

constexpr BitName kAttributes[] = {
    {MOUNT_ATTR_RDONLY, "ro"},
    {MOUNT_ATTR_NOSUID, "nosuid"},
    {MOUNT_ATTR_NODEV, "nodev"},
    {MOUNT_ATTR_NOEXEC, "noexec"},
    {MOUNT_ATTR_NOATIME, "noatime"},
    {MOUNT_ATTR_STRICTATIME, "strictatime"},
    {MOUNT_ATTR_NODIRATIME, "nodiratime"},
    {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
};

constexpr BitName kPropagations[] = {
    {MS_SHARED, "shared"},
    {MS_SLAVE, "slave"},
    {MS_PRIVATE, "private"},
    {MS_UNBINDABLE, "unbindable"},
};

constexpr std::uint32_t kMemoryPolicyFlags = 7u << 13;  // MPOL_MODE_FLAGS

void append(std::string& words, std::string_view prefix, std::string_view word) {
  if (!words.empty()) words += ',';
  words += prefix;
  words += word;
}

template <std::size_t N>
void append_bits(std::string& words, std::uint64_t bits, const BitName (&names)[N],
                 std::string_view prefix = "") {
  for (const auto& [bit, name] : names) {
    if ((bits & bit) == bit) append(words, prefix, name);
  }
}

template <std::size_t N>
std::string name_bits(std::uint64_t bits, const BitName (&names)[N]) {
  std::string words;
  append_bits(words, bits, names);
  return words;
}

// "ro,nosuid,not noexec": only what is set or cleared; the access-time field is cleared with
// every change of it, which says nothing.
std::string name_change(const steps::MountChange& change) {
  constexpr std::uint64_t kAtime = MOUNT_ATTR__ATIME;
  std::string words;
  append_bits(words, change.set, kAttributes);
  append_bits(words, change.clear & ~kAtime, kAttributes, "not ");
  append_bits(words, change.recursive_set, kAttributes, "all ");
  append_bits(words, change.recursive_clear & ~kAtime, kAttributes, "all not ");
  append_bits(words, change.propagation, kPropagations,
              change.propagation_recursive != 0 ? "all " : "");
  return words;
}

std::string in_parentheses(const std::string& words) {
  return words.empty() ? words : fmt::format(" ({})", words);
}

std::string limit(std::uint64_t value) {
  return value == ~std::uint64_t{0} ? "unlimited" : fmt::format("{}", value);
}

std::string rlimit_text(std::uint32_t resource) {
  return std::string(spec::rlimit_name(static_cast<int>(resource)));
}

// What each step does. In the order of steps.h.
struct Describer {
  std::string operator()(const JoinCgroup& step) const {
    return fmt::format("join the cgroup {}", step.file.substr(0, step.file.rfind('/')));
  }
  std::string operator()(const SetAffinity& step) const {
    return fmt::format("run on the CPUs {}", spec::number_list(step.cpus));
  }
  std::string operator()(const SetOomScore& step) const {
    return fmt::format("set oom_score_adj to {}", step.value);
  }
  std::string operator()(const RaiseRlimit& step) const {
    return fmt::format("raise the hard limit of {} to {}", rlimit_text(step.resource),
                       limit(step.hard));
  }
  std::string operator()(const OpenSource& step) const {
    if (step.uid_map.empty()) return fmt::format("open {}, which will be bound", step.source);
    return fmt::format("open {}, which will be bound, with its owners mapped", step.source);
  }
  std::string operator()(const OpenOwnProcfs&) const { return "take hold of the host's procfs"; }
  std::string operator()(const OpenNamespace& step) const {
    return fmt::format("open the {} namespace {}", name_bits(step.flag, kNamespaces), step.path);
  }
  std::string operator()(const EnterNamespaces&) const {
    return "enter the namespaces given by path";
  }
  std::string operator()(const EnterTarget& step) const {
    std::string text = "enter the container's namespaces";
    if (step.flags != 0) text += in_parentheses(name_bits(step.flags, kNamespaces));
    if (!step.rootfs.empty()) text += fmt::format(" and its root {}", step.rootfs);
    return text;
  }
  std::string operator()(const NewUserNamespace&) const { return "make a user namespace"; }
  std::string operator()(const BecomeRoot&) const { return "become root in the user namespace"; }
  std::string operator()(const NewTimeNamespace& step) const {
    std::string offsets = step.offsets;
    for (char& c : offsets) {
      if (c == '\n') c = ';';
    }
    if (!offsets.empty()) offsets.pop_back();
    return "make a time namespace" + in_parentheses(offsets);
  }
  std::string operator()(const CloneInit& step) const {
    std::string phrase = "clone init";
    if (step.flags != 0) {
      phrase += fmt::format(" into new namespaces ({})", name_bits(step.flags, kNamespaces));
    }
    return step.hand_listener != 0 ? phrase + " and hand its seccomp listener over" : phrase;
  }
  std::string operator()(const LabelKeys& step) const {
    return fmt::format("label its keys {}", step.label);
  }
  std::string operator()(const OpenLabel& step) const {
    return fmt::format("open its own attr/{}", step.file);
  }
  std::string operator()(const SessionKeyring&) const { return "join a session keyring"; }
  std::string operator()(const LoopbackUp&) const { return "bring the loopback interface up"; }
  std::string operator()(const PrepareRoot& step) const {
    if (step.propagation == 0) return fmt::format("open the rootfs {}", step.rootfs);
    return fmt::format("make the rootfs {} a mount of its own", step.rootfs);
  }
  std::string operator()(const Mount& step) const {
    std::string words = name_bits(step.attributes, kAttributes);
    for (const std::string& option : step.options) append(words, "", option);
    if (!step.label.empty()) append(words, "labelled ", step.label);
    return fmt::format("mount {} on {}{}", step.type, step.target, in_parentheses(words));
  }
  std::string operator()(const BindMount& step) const {
    return fmt::format("bind {} on {}{}", step.source, step.target,
                       in_parentheses(name_change(step.change)));
  }
  std::string operator()(const Remount& step) const {
    return fmt::format("remount {}{}", step.target, in_parentheses(name_change(step.change)));
  }
  std::string operator()(const CgroupTree& step) const {
    return fmt::format("mount the cgroup hierarchies on {}{}", step.target,
                       in_parentheses(name_bits(step.attributes, kAttributes)));
  }
  std::string operator()(const DefaultDevices&) const { return "make the default devices"; }
  std::string operator()(const Device& step) const {
    if (S_ISFIFO(step.mode)) return fmt::format("make the fifo {}", step.target);
    return fmt::format("make the device {} ({} {}:{})", step.target, S_ISBLK(step.mode) ? 'b' : 'c',
                       step.major, step.minor);
  }
  std::string operator()(const Console&) const { return "set up the terminal"; }
  std::string operator()(const PrepareMasks&) const { return "take hold of /dev/null"; }
  std::string operator()(const OpenProcfs&) const { return "open a procfs of init's own"; }
  std::string operator()(const RuntimeHooks&) const {
    return "wait for the hooks of the runtime namespace";
  }
  std::string operator()(const Hook& step) const {
    return fmt::format("run the {} hook {}",
                       step.at_start != 0 ? "startContainer" : "createContainer", step.path);
  }
  std::string operator()(const EnterRoot& step) const {
    switch (step.how) {
      case steps::RootEntry::kPivot:
        return "pivot into the rootfs";
      case steps::RootEntry::kMove:
        return "move the rootfs to / and chroot into it";
      case steps::RootEntry::kChroot:
        break;
    }
    return "chroot into the rootfs";
  }
  std::string operator()(const MakeDirectory& step) const {
    return fmt::format("make sure that {} exists", step.target);
  }
  std::string operator()(const ChangeKept& step) const {
    return fmt::format("change {}{}", step.target, in_parentheses(name_change(step.change)));
  }
  std::string operator()(const ChangeRoot& step) const {
    return "change the root mount" + in_parentheses(name_change(step.change));
  }
  std::string operator()(const SetHostname& step) const {
    return fmt::format("set the hostname {}", step.name);
  }
  std::string operator()(const SetDomainname& step) const {
    return fmt::format("set the domainname {}", step.name);
  }
  std::string operator()(const Sysctl& step) const {
    return fmt::format("set /proc/sys/{} to {}", step.path, step.value);
  }
  std::string operator()(const ReadonlyPath& step) const {
    return fmt::format("make {} read-only", step.target);
  }
  std::string operator()(const MaskPath& step) const { return fmt::format("mask {}", step.target); }
  std::string operator()(const Umask& step) const {
    if (step.mask == steps::kUmaskOfCaller) return "set the umask of the caller";
    return fmt::format("set the umask {:04o}", step.mask);
  }
  std::string operator()(const SetRlimit& step) const {
    return fmt::format("set {} to {}, at most {}", rlimit_text(step.resource), limit(step.soft),
                       limit(step.hard));
  }
  std::string operator()(const SetPersonality& step) const {
    return fmt::format("set the execution domain {}", spec::personality_name(step.domain));
  }
  std::string operator()(const SetMemoryPolicy& step) const {
    std::string words;
    for (const auto flag : spec::memory_policy_flag_names(step.mode)) append(words, "", flag);
    const std::string nodes = spec::number_list(step.nodes);
    return fmt::format("set the memory policy {}{}{}",
                       spec::memory_policy_mode_name(step.mode & ~kMemoryPolicyFlags),
                       nodes.empty() ? "" : " of the nodes " + nodes, in_parentheses(words));
  }
  std::string operator()(const SetScheduler& step) const {
    std::string words;
    if (step.nice != 0) append(words, "nice ", std::to_string(step.nice));
    if (step.priority != 0) append(words, "priority ", std::to_string(step.priority));
    for (const auto flag : spec::scheduler_flag_names(step.flags)) append(words, "", flag);
    return fmt::format("set the scheduling policy {}{}", spec::scheduler_policy_name(step.policy),
                       in_parentheses(words));
  }
  std::string operator()(const SetIoPriority& step) const {
    return fmt::format("set the I/O priority {} {}", spec::io_class_name(step.io_class),
                       step.level);
  }
  std::string operator()(const WorkingDirectory& step) const {
    return fmt::format("enter the working directory {}", step.target);
  }
  std::string operator()(const BoundCapabilities& step) const {
    return fmt::format("bound the capabilities to {:#x}", step.keep);
  }
  std::string operator()(const SetUser& step) const {
    const std::size_t more = step.groups.size();
    return fmt::format("become user {} and group {}{}", step.uid, step.gid,
                       more == 0 ? "" : fmt::format(" (and {} more)", more));
  }
  std::string operator()(const NoNewPrivileges&) const { return "set no_new_privs"; }
  std::string operator()(const InstallSeccomp& step) const {
    const bool listened = (step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
    return fmt::format("install a seccomp filter of {} instructions{}", step.program.size(),
                       listened ? " and hand its listener over" : "");
  }
  std::string operator()(const SetCapabilities& step) const {
    return fmt::format(
        "set the capabilities (effective {:#x}, permitted {:#x}, inheritable {:#x}, "
        "ambient {:#x})",
        step.effective, step.permitted, step.inheritable, step.ambient);
  }
  std::string operator()(const FindProgram& step) const {
    return fmt::format("exec: \"{}\"", step.name);
  }
  std::string operator()(const Ready&) const { return "report that everything stands"; }
  std::string operator()(const AwaitStart&) const { return "wait for start"; }
  std::string operator()(const AskState&) const { return "ask for the state document"; }
  std::string operator()(const SetLabel& step) const {
    return fmt::format("take the label {}", step.label);
  }
  std::string operator()(const Execute& step) const {
    if (step.args.empty()) return "run the program, of which the configuration names none";
    return fmt::format("run {}", step.args.front());
  }
};

}  // namespace

std::string describe(const Step& step) {
  return std::visit(Describer{}, step.action);
}

LaunchPlan::LaunchPlan() = default;
LaunchPlan::LaunchPlan(LaunchPlan&&) noexcept = default;
LaunchPlan& LaunchPlan::operator=(LaunchPlan&&) noexcept = default;
LaunchPlan::LaunchPlan(const LaunchPlan&) = default;
LaunchPlan& LaunchPlan::operator=(const LaunchPlan&) = default;
LaunchPlan::~LaunchPlan() = default;

std::size_t LaunchPlan::size() const {
  return launcher.size() + init.size();
}

std::string LaunchPlan::describe(std::size_t index) const {
  if (index < launcher.size()) return plan::describe(launcher[index]);
  index -= launcher.size();
  return index < init.size() ? plan::describe(init[index]) : "a step that the plan does not have";
}

std::string to_text(const LaunchPlan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool in_launcher = i < plan.launcher.size();
    text +=
        fmt::format("{:3} {:8} {}\n", i + 1, in_launcher ? "launcher" : "init", plan.describe(i));
  }
  return text;
}

}  // namespace seatrial::plan
