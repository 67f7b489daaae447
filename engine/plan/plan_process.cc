// The part of a plan that turns init into the user's process: the same for create and exec.
#include <fmt/core.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/plan/parts.h"
#include "engine/spec/names.h"

namespace seatrial::plan {
namespace {

constexpr std::string_view kDefaultSearch =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The last PATH counts, as for a shell that reads the environment in order.
std::string search_path(const std::vector<std::string>& env) {
  constexpr std::string_view kName = "PATH=";
  const auto entry = std::find_if(env.rbegin(), env.rend(), [&](const std::string& variable) {
    return variable.starts_with(kName);
  });
  return entry == env.rend() ? std::string(kDefaultSearch) : entry->substr(kName.size());
}

// A variable that is given again takes the earlier one's place: getenv(3) finds the first of a
// name, and who appends to a list means the last.
std::vector<std::string> without_repeats(const std::vector<std::string>& env) {
  std::vector<std::string> result;
  std::map<std::string_view, std::size_t> places;
  for (const std::string& variable : env) {
    const std::string_view name = std::string_view(variable).substr(0, variable.find('='));
    const auto [place, is_first] = places.emplace(name, result.size());
    if (is_first) {
      result.push_back(variable);
    } else {
      result[place->second] = variable;
    }
  }
  return result;
}

// What can be granted: known to the kernel and, unless a user namespace gives them all, held by
// the runtime (config.md: what cannot be granted is a warning, not an error).
spec::Capabilities grantable(const spec::Process& process, const ProcessContext& context) {
  spec::Capabilities sets = process.capabilities.value_or(spec::Capabilities{});
  std::uint64_t most = context.last_capability >= 63
                           ? ~std::uint64_t{0}
                           : (std::uint64_t{1} << (context.last_capability + 1)) - 1;
  if (!context.in_user_namespace) most &= context.own_capabilities;
  sets.bounding &= most;
  sets.permitted &= most;
  // capabilities(7): effective within permitted; ambient within permitted and inheritable.
  sets.effective &= sets.permitted;
  sets.inheritable &= most;
  sets.ambient &= sets.permitted & sets.inheritable;
  return sets;
}

std::string names_of(spec::CapabilitySet set) {
  std::string names;
  for (unsigned number = 0; number < spec::capability_count(); ++number) {
    if ((set >> number & 1) == 0) continue;
    names += names.empty() ? "" : ", ";
    names += spec::capability_name(number);
  }
  return names;
}

bool has_filter(const ProcessContext& context) {
  return context.seccomp != nullptr && !context.seccomp->program.empty();
}

// A listener is handed over by the runtime, which is there until init is ready.
bool comes_last(const spec::Process& process, const ProcessContext& context) {
  return process.no_new_privileges && !context.seccomp->notifies();
}

bool has_profile(const spec::Process& process) {
  return !process.apparmor_profile.empty();
}

bool has_label(const spec::Process& process) {
  return has_profile(process) || !process.selinux_label.empty();
}

InstallSeccomp install(const SeccompFilter& filter) {
  InstallSeccomp step{.flags = filter.flags};
  step.program.resize(filter.program.size() / sizeof(std::uint64_t));
  std::memcpy(step.program.data(), filter.program.data(),
              step.program.size() * sizeof(std::uint64_t));
  return step;
}

// While the privilege for more urgency than usual is still there.
void add_scheduling(const spec::Process& process, const ProcessContext& context, Steps& steps) {
  if (context.personality) steps.push_back({SetPersonality{.domain = *context.personality}});
  if (context.memory_policy) {
    steps.push_back(
        {SetMemoryPolicy{.nodes = context.memory_policy->nodes,
                         .mode = context.memory_policy->mode | context.memory_policy->flags}});
  }
  if (process.scheduler) {
    steps.push_back({SetScheduler{.flags = process.scheduler->flags,
                                  .runtime = process.scheduler->runtime,
                                  .deadline = process.scheduler->deadline,
                                  .period = process.scheduler->period,
                                  .policy = process.scheduler->policy,
                                  .nice = process.scheduler->nice,
                                  .priority = process.scheduler->priority}});
  }
  if (process.io_priority) {
    steps.push_back({SetIoPriority{.io_class = process.io_priority->io_class,
                                   .level = process.io_priority->level}});
  }
}

}  // namespace

bool launcher_hands_listener(const SeccompFilter& filter, const HostFacts& host) {
  constexpr unsigned kSysPtrace = 19;  // CAP_SYS_PTRACE
  return filter.notifies() && (host.own_capabilities >> kSysPtrace & 1) == 0;
}

bool SeccompFilter::notifies() const {
  return (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
}

std::vector<std::string> capability_warnings(const spec::Process& process,
                                             const ProcessContext& context) {
  std::vector<std::string> warnings;
  if (!process.capabilities) return warnings;
  const spec::Capabilities& asked = *process.capabilities;
  for (const std::string& name : asked.unknown) {
    warnings.push_back(fmt::format("capability {} is not known and was left out", name));
  }
  const spec::Capabilities granted = grantable(process, context);
  const auto compare = [&](std::string_view set, spec::CapabilitySet spec::Capabilities::* member) {
    const spec::CapabilitySet left_out = asked.*member & ~(granted.*member);
    if (left_out == 0) return;
    warnings.push_back(fmt::format("process.capabilities.{}: {} cannot be granted and was left out",
                                   set, names_of(left_out)));
  };
  compare("bounding", &spec::Capabilities::bounding);
  compare("effective", &spec::Capabilities::effective);
  compare("inheritable", &spec::Capabilities::inheritable);
  compare("permitted", &spec::Capabilities::permitted);
  compare("ambient", &spec::Capabilities::ambient);
  return warnings;
}

void add_host_limits(const spec::Process& process, const ProcessContext& context, Steps& steps) {
  if (process.oom_score_adj) {
    steps.push_back({SetOomScore{.value = std::to_string(*process.oom_score_adj)}});
  }
  // CAP_SYS_RESOURCE counts only in the initial user namespace.
  if (!context.in_user_namespace) return;
  for (const spec::Rlimit& rlimit : process.rlimits) {
    steps.push_back({RaiseRlimit{.hard = rlimit.hard,
                                 .resource = static_cast<std::uint32_t>(rlimit.resource)}});
  }
}

void add_process(const spec::Process& process, const ProcessContext& context, Steps& steps) {
  const spec::Capabilities sets = grantable(process, context);
  steps.push_back({Umask{.mask = process.user.umask.value_or(steps::kUmaskOfCaller)}});
  for (const spec::Rlimit& rlimit : process.rlimits) {
    steps.push_back({SetRlimit{.soft = rlimit.soft,
                               .hard = rlimit.hard,
                               .resource = static_cast<std::uint32_t>(rlimit.resource)}});
  }
  add_scheduling(process, context, steps);
  // To enter the root is to be in its directory.
  if (const std::string cwd = normal_path(process.cwd); cwd != "/") {
    steps.push_back({WorkingDirectory{.target = cwd}});
  }
  steps.push_back({BoundCapabilities{.keep = sets.bounding, .last = context.last_capability}});
  steps.push_back({SetUser{
      .groups = process.user.additional_gids, .uid = process.user.uid, .gid = process.user.gid}});
  if (process.no_new_privileges) steps.push_back({NoNewPrivileges{}});
  // The last moment at which CAP_SYS_ADMIN is there for sure.
  if (has_filter(context) && !comes_last(process, context)) {
    steps.push_back({install(*context.seccomp)});
  }
  steps.push_back({SetCapabilities{.effective = sets.effective,
                                   .permitted = sets.permitted,
                                   .inheritable = sets.inheritable,
                                   .ambient = sets.ambient}});
  steps.push_back({FindProgram{.name = process.args.empty() ? "" : process.args.front(),
                               .search = search_path(process.env)}});
}

void add_label_on_host(const spec::Process& process, Steps& steps) {
  if (has_label(process)) steps.push_back({OpenOwnProcfs{}});
}

void add_keyring_and_label(const spec::Process& process, const std::optional<std::string>& keyring,
                           Steps& steps) {
  if (keyring && !process.selinux_label.empty()) {
    steps.push_back({LabelKeys{.label = process.selinux_label}});
  }
  if (has_label(process)) {
    steps.push_back({OpenLabel{.file = has_profile(process) ? "apparmor/exec" : "exec"}});
  }
  if (keyring) steps.push_back({SessionKeyring{.name = *keyring}});
}

void add_execution(const spec::Process& process, const ProcessContext& context, Steps& steps) {
  if (has_profile(process)) {
    steps.push_back({SetLabel{.order = "exec ", .label = process.apparmor_profile}});
  } else if (has_label(process)) {
    steps.push_back({SetLabel{.label = process.selinux_label}});
  }
  if (has_filter(context) && comes_last(process, context)) {
    steps.push_back({install(*context.seccomp)});
  }
  steps.push_back({Execute{.args = process.args, .env = without_repeats(process.env)}});
}

Console console_of(const spec::Process& process, bool on_dev_console) {
  const spec::ConsoleSize size = process.console_size.value_or(spec::ConsoleSize{});
  return {.uid = process.user.uid,
          .rows = size.height,
          .columns = size.width,
          .on_dev_console = on_dev_console ? 1u : 0u};
}

}  // namespace seatrial::plan
