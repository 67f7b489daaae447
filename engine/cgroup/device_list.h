// The device rules of a document, resolved into what the v1 device cgroup can hold: a default and
// a set of exceptions to it. The kernel looks rules up by their exact numbers, so it silently keeps
// what a later, wider rule should have taken back; here the order of the array decides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::cgroup {

struct DeviceException {
  spec::DeviceRule rule;  // type 'b' or 'c'; `allow` is the opposite of the list's default
  std::size_t index = 0;  // of the entry in the document
};

struct DeviceList {
  bool allows_by_default = false;
  std::size_t default_index = 0;  // of the entry that made it so, when it allows by default
  std::vector<DeviceException> exceptions = {};

  // Whether every device of the type, 'b' or 'c', may be made.
  bool allows_all_nodes(char type) const;
};

// Starts from a list that denies everything. Throws Error{kUnsupported} naming the entry that takes
// a part out of a wider one, which v1 cannot hold.
DeviceList resolve_devices(const std::vector<spec::DeviceRule>& rules);

// The devices that config-linux.md has in each container, and the terminals. /dev/console inside is
// a pseudo-terminal, so the host's console (5:1) is not among them.
std::vector<spec::DeviceRule> default_devices();

// "c 1:3 rwm", as devices.allow and devices.deny take it.
std::string device_line(const spec::DeviceRule& rule);
// The lines of devices.list; where every device is allowed, that is one of type 'a'.
std::vector<spec::DeviceRule> parse_device_lines(std::string_view text);
// "rwm" of it.
std::string device_access(const spec::DeviceRule& rule);

}  // namespace seatrial::cgroup
