// The v1 device list: what the document's rules come to, then what each container has.
#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/device_list.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// The devices that config-linux.md has in each container, and the terminals. /dev/console inside is
// a pseudo-terminal, so the host's console (5:1) is not among them.
constexpr std::array<std::string_view, 8> kDefaults{
    "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
    "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm",
};

// While the container is built, init makes the nodes of linux.devices, whether or not the rules let
// the container open them or make more of them.
struct NodesOfType {
  char type;
  std::string_view line;
};
constexpr std::array<NodesOfType, 2> kAllNodes{{{'c', "c *:* m"}, {'b', "b *:* m"}}};

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

}  // namespace

void Cgroup::apply_devices(const std::vector<spec::DeviceRule>& rules, Nodes nodes) const {
  const Membership* const member = identity_.find("devices");
  if (member == nullptr) {
    if (rules.empty()) return;
    throw error(Kind::kUnsupported,
                "linux.resources.devices: the cgroup controller devices is not mounted on this "
                "host");
  }
  const DeviceList wanted = resolve_devices(rules);
  const Directory directory(member->directory);
  List list(directory);
  // A new cgroup has its parent's list, so a document that only allows would restrict nothing.
  clear(list);
  if (wanted.allows_by_default) write_rule(list, wanted.default_index, true, "a");
  for (const DeviceException& exception : wanted.exceptions) {
    write_rule(list, exception.index, exception.rule.allow, device_line(exception.rule));
  }
  for (const std::string_view line : kDefaults) allow(list, line);
  if (wanted.allows_by_default || nodes == Nodes::kDefaults) return;
  for (const NodesOfType& all : kAllNodes) allow(list, all.line);
}

void Cgroup::complete_devices(const std::vector<spec::DeviceRule>& rules) const {
  const Membership* const member = identity_.find("devices");
  if (member == nullptr) return;
  const DeviceList list = resolve_devices(rules);
  const Directory directory(member->directory);
  for (const NodesOfType& all : kAllNodes) {
    if (!list.allows_all_nodes(all.type)) directory.write("devices.deny", all.line);
  }
}

}  // namespace seatrial::cgroup
