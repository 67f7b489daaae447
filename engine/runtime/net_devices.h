// linux.netDevices: network devices that move from the runtime's network namespace into the
// container's (config-linux.md, "Network Devices").
//
// The kernel takes its addresses from a device that moves; those that are permanent and of global
// scope are given again. Where a create fails, the devices come back as they were, but for routes
// and other addresses: those are of the namespace, and the specification does not name them. A
// runtime that is killed meanwhile has recorded them, and holds the container's namespace by a
// mount in the state directory: who cleans up brings them back. At the end of a whole container the
// kernel does with them what it does at every end of a network namespace.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/runtime/links.h"
#include "engine/runtime/record.h"
#include "engine/runtime/state_root.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

class NetDevices {
 public:
  // Looks whether all can be moved, as far as that can be told before; changes nothing. Throws
  // Error naming the device by its path in the configuration.
  explicit NetDevices(const spec::Config& config);

  // Those of a create that was killed. Throws Error where they are not this namespace's.
  NetDevices(const LentDevices& lent, UniqueFd network_namespace);

  // Whether this process is in the network namespace that they came from.
  static bool are_at_home(const LentDevices& lent);

  // What is to be recorded before they move into that namespace.
  LentDevices lend_to(int network_namespace) const;

  // Throws Error likewise; what has moved by then is move_back()'s.
  void move_into(UniqueFd network_namespace);

  // What could not be brought back goes to `warn`.
  void move_back(const std::function<void(std::string_view)>& warn) noexcept;

 private:
  struct Device {
    Link link;           // as it was here
    std::string wanted;  // may end in "%d"
    std::set<int> there_before = {};
    std::vector<LinkAddress> addresses = {};
    bool moved = false;  // or it was tried
  };

  void check_devices(const spec::Linux& section);
  void check_target(const std::string& path);
  void move(Device& device, sys::Netlink& inside);
  void move_back(const Device& device, sys::Netlink& inside);

  UniqueFd here_namespace_;
  UniqueFd there_namespace_;
  sys::Netlink here_;
  std::vector<Device> devices_;
};

}  // namespace seatrial::runtime
