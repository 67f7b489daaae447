// The v1 device list: deny all, the document's rules in their order, then what each container has.
#include <array>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/directory.h"

namespace seatrial::cgroup {
namespace {

// The devices that config-linux.md has in each container, the terminals, and the making of nodes,
// which gives no access. /dev/console inside is a pseudo-terminal, so the host's console (5:1) is
// not among them.
constexpr std::array<std::string_view, 10> kDefaults{
    "c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",
    "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm",
};

std::string number_or_star(const std::optional<std::int64_t>& number) {
  return number ? fmt::format("{}", *number) : "*";
}

std::string text_of(const spec::DeviceRule& rule, char type) {
  return fmt::format("{} {}:{} {}{}{}", type, number_or_star(rule.major),
                     number_or_star(rule.minor), rule.read ? "r" : "", rule.write ? "w" : "",
                     rule.mknod ? "m" : "");
}

// What the kernel gets for one rule. It takes "a" for everything whatever else the line says, so a
// narrower rule for both types is spelled out.
std::vector<std::string> lines_of(const spec::DeviceRule& rule) {
  if (rule.type != 'a') return {text_of(rule, rule.type)};
  if (!rule.major && !rule.minor && rule.read && rule.write && rule.mknod) return {"a"};
  return {text_of(rule, 'b'), text_of(rule, 'c')};
}

}  // namespace

void Cgroup::apply_devices(const std::vector<spec::DeviceRule>& rules) const {
  const Membership* const member = identity_.find("devices");
  if (member == nullptr) {
    if (rules.empty()) return;
    throw error(Kind::kUnsupported,
                "linux.resources.devices: the cgroup controller devices is not mounted on this "
                "host");
  }
  const Directory directory(member->directory);
  // A new cgroup has its parent's list, so a document that only allows would restrict nothing.
  directory.write("devices.deny", "a");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const char* const file = rules[i].allow ? "devices.allow" : "devices.deny";
    for (const std::string& line : lines_of(rules[i])) {
      if (const int failure = directory.try_write(file, line)) {
        throw sys_error(failure, "linux.resources.devices[{}]: write \"{}\" to {}", i, line, file);
      }
    }
  }
  for (const std::string_view line : kDefaults) {
    const int failure = directory.try_write("devices.allow", line);
    // EPERM: this host's own cgroup lacks the device, so the container cannot have it.
    if (failure != 0 && failure != EPERM) {
      throw sys_error(failure, "default devices: write \"{}\" to {}/devices.allow", line,
                      directory.path());
    }
  }
}

}  // namespace seatrial::cgroup
