// For tests of containers whose cgroups systemd makes: a systemd of the test's own, the first
// process of namespaces for processes, mounts and cgroups. Without root or systemd they skip.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/container_fixture.h"

namespace seatrial::runtime {

class SystemdTest : public ContainerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // What `body` returns, or the text of what it throws: in a process beside that systemd.
  std::string beside_systemd(const std::function<std::string()>& body);

  // A container of the host's programs that runs this command line of a shell. `section`: more
  // members of linux, each after a comma.
  CreateRequest request(const std::string& command, const std::string& cgroups_path,
                        const std::string& section = "") const;

 private:
  // Below it is all that systemd and the containers make.
  std::optional<cgroup::Cgroup> own_;
};

}  // namespace seatrial::runtime
