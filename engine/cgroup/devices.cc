// Devices: what the document's rules come to, then what each container has. In v1 that is a list,
// in v2 a program.
#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/device_list.h"
#include "engine/cgroup/device_program.h"
#include "engine/cgroup/directory.h"
#include "engine/sys/bpf.h"

namespace seatrial::cgroup {
namespace {

using spec::DeviceRule;

// While the container is built, init makes the nodes of linux.devices, whether or not the rules let
// the container open them or make more of them.
DeviceRule nodes_of_type(char type) {
  return {.allow = true, .type = type, .read = false, .write = false};
}

// devices.allow and devices.deny of one cgroup. Each takes a line per write(2) and is opened once:
// opening a control file costs more than writing to it.
class List {
 public:
  explicit List(const Directory& directory) : directory_(directory) {}

  // Returns 0 or the errno.
  int try_write(bool allow, std::string_view line) {
    UniqueFd& file = allow ? allow_ : deny_;
    if (!file) file = directory_.open_to_write(name(allow));
    return file ? write_value(file.get(), line) : errno;
  }

  static std::string_view name(bool allow) { return allow ? "devices.allow" : "devices.deny"; }
  const std::string& path() const { return directory_.path(); }

 private:
  const Directory& directory_;
  UniqueFd allow_;
  UniqueFd deny_;
};

void clear(List& list) {
  if (const int failure = list.try_write(false, "a")) {
    throw sys_error(failure, "write \"a\" to {}/devices.deny", list.path());
  }
}

void allow(List& list, std::string_view line) {
  const int failure = list.try_write(true, line);
  // EPERM: this host's own cgroup lacks the device, so the container cannot have it.
  if (failure == 0 || failure == EPERM) return;
  throw sys_error(failure, "default devices: write \"{}\" to {}/devices.allow", line, list.path());
}

void write_rule(List& list, std::size_t index, bool allow, std::string_view line) {
  if (const int failure = list.try_write(allow, line)) {
    throw sys_error(failure, "linux.resources.devices[{}]: write \"{}\" to {}", index, line,
                    List::name(allow));
  }
}

void apply_list(const Membership& member, const std::vector<DeviceRule>& rules, Nodes nodes) {
  const DeviceList wanted = resolve_devices(rules);
  const Directory directory(member.directory);
  List list(directory);
  // A new cgroup has its parent's list, so a document that only allows would restrict nothing.
  clear(list);
  if (wanted.allows_by_default) write_rule(list, wanted.default_index, true, "a");
  for (const DeviceException& exception : wanted.exceptions) {
    write_rule(list, exception.index, exception.rule.allow, device_line(exception.rule));
  }
  for (const DeviceRule& rule : default_devices()) allow(list, device_line(rule));
  if (wanted.allows_by_default || nodes == Nodes::kDefaults) return;
  for (const char type : {'c', 'b'}) allow(list, device_line(nodes_of_type(type)));
}

bool is_same_device(const DeviceRule& one, const DeviceRule& other) {
  return one.type == other.type && one.major == other.major && one.minor == other.minor;
}

// Exceptions to a list that denies are keyed by their numbers, so those of the old list can be told
// from those of the new one. Where either list allows by default there is only to begin anew.
void update_list(const Membership& member, const std::vector<DeviceRule>& rules) {
  const DeviceList wanted = resolve_devices(rules);
  const Directory directory(member.directory);
  std::vector<DeviceRule> left = parse_device_lines(directory.read("devices.list"));
  const bool allowed_by_default =
      std::ranges::any_of(left, [](const DeviceRule& rule) { return rule.type == 'a'; });
  if (wanted.allows_by_default || allowed_by_default) {
    return apply_list(member, rules, Nodes::kDefaults);
  }
  List list(directory);
  const auto keep = [&](const DeviceRule& rule) {
    for (DeviceRule& each : left) {
      if (!is_same_device(each, rule)) continue;
      each.read &= !rule.read;
      each.write &= !rule.write;
      each.mknod &= !rule.mknod;
    }
  };
  for (const DeviceException& exception : wanted.exceptions) {
    write_rule(list, exception.index, true, device_line(exception.rule));
    keep(exception.rule);
  }
  for (const DeviceRule& rule : default_devices()) {
    allow(list, device_line(rule));
    keep(rule);
  }
  for (const DeviceRule& rule : left) {
    if (!device_access(rule).empty()) directory.write("devices.deny", device_line(rule));
  }
}

// By this name an engine knows its program again among those that others put on the cgroup.
constexpr std::string_view kProgramName = "seatrial_device";

void replace_program(const Membership& member, std::span<const DeviceRule> rules) {
  const UniqueFd directory = Directory(member.directory).open_to_list();
  std::vector<sys::AttachedBpf> there = sys::attached_bpf(directory.get(), BPF_CGROUP_DEVICE);
  std::erase_if(there, [](const sys::AttachedBpf& each) { return each.name != kProgramName; });
  if (there.empty() && allows_everything(rules)) return;
  const UniqueFd program =
      sys::load_bpf(BPF_PROG_TYPE_CGROUP_DEVICE, device_program(rules), kProgramName);
  sys::attach_bpf(directory.get(), BPF_CGROUP_DEVICE, program.get(),
                  there.empty() ? -1 : there.front().program.get());
}

void apply_program(const Membership& member, const std::vector<DeviceRule>& rules, Nodes nodes) {
  std::vector<DeviceRule> all = rules;
  for (const DeviceRule& rule : default_devices()) all.push_back(rule);
  if (nodes == Nodes::kAny) all.push_back(nodes_of_type('a'));
  try {
    replace_program(member, all);
  } catch (Error& failure) {
    // Who may not load programs has no way to restrict devices; only a document that asks for it is
    // refused.
    if (rules.empty() && failure.sys_errno() == EPERM) return;
    if (failure.sys_errno() == EINVAL) {
      throw Error(Kind::kUnsupported, EINVAL,
                  "linux.resources.devices: this kernel offers no BPF programs for the devices of "
                  "a cgroup");
    }
    failure.add_context(fmt::format("linux.resources.devices: {}", member.directory));
    throw;
  }
}

}  // namespace

void Cgroup::apply_devices(const std::vector<DeviceRule>& rules, Nodes nodes) const {
  if (const Membership* const list = identity_.find("devices")) {
    apply_list(*list, rules, nodes);
  } else if (const Membership* const unified = identity_.unified()) {
    apply_program(*unified, rules, nodes);
  } else if (!rules.empty()) {
    throw error(Kind::kUnsupported,
                "linux.resources.devices: the cgroup controller devices is not mounted on this "
                "host");
  }
}

void Cgroup::update_devices(const std::vector<DeviceRule>& rules) const {
  if (const Membership* const list = identity_.find("devices")) return update_list(*list, rules);
  apply_devices(rules, Nodes::kDefaults);
}

void Cgroup::complete_devices(const std::vector<DeviceRule>& rules) const {
  const Membership* const member = identity_.find("devices");
  if (member == nullptr) return apply_devices(rules, Nodes::kDefaults);
  const DeviceList list = resolve_devices(rules);
  const Directory directory(member->directory);
  for (const char type : {'c', 'b'}) {
    if (list.allows_all_nodes(type)) continue;
    directory.write("devices.deny", device_line(nodes_of_type(type)));
  }
}

}  // namespace seatrial::cgroup
