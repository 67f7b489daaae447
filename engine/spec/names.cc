#include "engine/spec/names.h"

#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/resource.h>

#include <array>
#include <charconv>
#include <csignal>

namespace seatrial::spec {
namespace {

// Indexed by number (linux/capability.h); the numbers are ABI and never change.
constexpr std::array<std::string_view, 41> kCapabilities{
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

struct Numbered {
  std::string_view name;
  int number;
};

constexpr auto kRlimits = std::to_array<Numbered>({
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
});

// Without "SIG". The first name of a number is the one that signal_name() gives.
constexpr auto kSignals = std::to_array<Numbered>({
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"IOT", SIGABRT},  {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},       {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"POLL", SIGPOLL},
    {"PWR", SIGPWR},       {"SYS", SIGSYS},
});

// As glibc counts: 32 and 33 belong to its threads. A program of another libc in the container may
// count from elsewhere, so the names mean these numbers always.
constexpr int kRealtimeFirst = 34;
constexpr int kSignalLast = 64;

struct NamespaceName {
  std::string_view name;
  NamespaceType type;
};

constexpr auto kNamespaces = std::to_array<NamespaceName>({
    {"pid", NamespaceType::kPid},
    {"network", NamespaceType::kNetwork},
    {"mount", NamespaceType::kMount},
    {"ipc", NamespaceType::kIpc},
    {"uts", NamespaceType::kUts},
    {"user", NamespaceType::kUser},
    {"cgroup", NamespaceType::kCgroup},
    {"time", NamespaceType::kTime},
});

constexpr auto kHookKinds = std::to_array<HookKind>({
    {"prestart", &Hooks::prestart},
    {"createRuntime", &Hooks::create_runtime},
    {"createContainer", &Hooks::create_container},
    {"startContainer", &Hooks::start_container},
    {"poststart", &Hooks::poststart},
    {"poststop", &Hooks::poststop},
});

// A whole decimal number, or nothing.
std::optional<int> decimal(std::string_view text) {
  int value = 0;
  const auto [rest, failure] = std::from_chars(text.begin(), text.end(), value);
  if (failure != std::errc() || rest != text.end() || text.empty()) return std::nullopt;
  return value;
}

// "RTMIN", "RTMIN+3", "RTMAX-1", without SIG.
std::optional<int> realtime_signal(std::string_view name) {
  const bool from_first = name.starts_with("RTMIN");
  if (!from_first && !name.starts_with("RTMAX")) return std::nullopt;
  const int base = from_first ? kRealtimeFirst : kSignalLast;
  name.remove_prefix(5);
  if (name.empty()) return base;
  if (name.front() != (from_first ? '+' : '-')) return std::nullopt;
  name.remove_prefix(1);
  const std::optional<int> offset = decimal(name);
  if (!offset || *offset < 0 || *offset > kSignalLast - kRealtimeFirst) return std::nullopt;
  return from_first ? base + *offset : base - *offset;
}

template <typename Table>
std::string joined_names(const Table& table) {
  std::string names;
  for (const auto& entry : table) {
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace

std::optional<unsigned> capability_number(std::string_view name) {
  for (unsigned number = 0; number < kCapabilities.size(); ++number) {
    if (kCapabilities[number] == name) return number;
  }
  return std::nullopt;
}

std::string_view capability_name(unsigned number) {
  return number < kCapabilities.size() ? kCapabilities[number] : std::string_view();
}

unsigned capability_count() {
  return kCapabilities.size();
}

std::optional<int> rlimit_resource(std::string_view name) {
  for (const Numbered& entry : kRlimits) {
    if (entry.name == name) return entry.number;
  }
  return std::nullopt;
}

std::string_view rlimit_name(int resource) {
  for (const Numbered& entry : kRlimits) {
    if (entry.number == resource) return entry.name;
  }
  return {};
}

std::optional<int> signal_number(std::string_view name) {
  if (const std::optional<int> number = decimal(name)) {
    return *number >= 0 && *number <= kSignalLast ? number : std::nullopt;
  }
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  std::string_view bare = upper;
  if (bare.starts_with("SIG")) bare.remove_prefix(3);
  for (const Numbered& entry : kSignals) {
    if (entry.name == bare) return entry.number;
  }
  return realtime_signal(bare);
}

std::string signal_name(int number) {
  for (const Numbered& entry : kSignals) {
    if (entry.number == number) return fmt::format("SIG{}", entry.name);
  }
  if (number == kRealtimeFirst) return "SIGRTMIN";
  if (number == kSignalLast) return "SIGRTMAX";
  if (number < kRealtimeFirst || number > kSignalLast) return {};
  return fmt::format("SIGRTMIN+{}", number - kRealtimeFirst);
}

std::optional<NamespaceType> namespace_type(std::string_view name) {
  for (const NamespaceName& entry : kNamespaces) {
    if (entry.name == name) return entry.type;
  }
  return std::nullopt;
}

std::string_view to_string(NamespaceType type) {
  for (const NamespaceName& entry : kNamespaces) {
    if (entry.type == type) return entry.name;
  }
  return {};
}

std::vector<std::string_view> namespace_type_names() {
  std::vector<std::string_view> names;
  for (const NamespaceName& entry : kNamespaces) names.push_back(entry.name);
  return names;
}

std::span<const HookKind> hook_kinds() {
  return kHookKinds;
}

std::optional<DeviceType> device_type(std::string_view name) {
  if (name == "c" || name == "u") return DeviceType::kCharacter;
  if (name == "b") return DeviceType::kBlock;
  if (name == "p") return DeviceType::kFifo;
  return std::nullopt;
}

std::optional<std::uint64_t> propagation_flag(std::string_view name) {
  if (name.starts_with('r')) name.remove_prefix(1);
  if (name == "shared") return MS_SHARED;
  if (name == "slave") return MS_SLAVE;
  if (name == "private") return MS_PRIVATE;
  if (name == "unbindable") return MS_UNBINDABLE;
  return std::nullopt;
}

std::string known_namespace_types() {
  return joined_names(kNamespaces);
}

std::string known_rlimits() {
  return joined_names(kRlimits);
}

}  // namespace seatrial::spec
