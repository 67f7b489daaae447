// For tests of containers whose cgroups systemd makes: a systemd of the test's own, the first
// process of namespaces for processes, mounts and cgroups, and below it one of an ordinary user's.
// Without root or systemd they skip.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/container_fixture.h"

namespace seatrial::runtime {

// Where the cgroups of the ordinary user's systemd begin.
inline constexpr const char* kUserService = "/user.slice/user-54321.slice/user@54321.service";

// Between systemd and whoever connects to it next.
class InPlaceOfSystemd {
 public:
  InPlaceOfSystemd();

  // Passes on what that one and systemd say to each other until it hangs up, and calls `act` when
  // it is about to ask for a scope. Others meet systemd itself by then.
  void serve(const std::function<void()>& act);

 private:
  UniqueFd directory_;
  UniqueFd listener_;
};

class SystemdTest : public ContainerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // What `body` returns, or the text of what it throws: in a process beside that systemd.
  std::string beside_systemd(const std::function<std::string()>& body);

  // The same by an ordinary user whose own systemd runs, on a host that shows nothing but v2.
  enum class Session {
    kInService,  // the user's process is below what that systemd was given, as a desktop's are
    kElsewhere,  // as a login through ssh is; systemd then moves processes by the system's bus
  };
  std::string beside_own_systemd(Session session, const std::function<std::string()>& body);

  // Kills processes that carry `create` out in each part of the time that it takes, and calls
  // `clean` after each. What `clean` says, and a complaint where too few were killed between the
  // first record of their container in `root` and the last.
  static std::string kill_amid(const std::filesystem::path& root,
                               const std::function<void()>& create,
                               const std::function<std::string()>& clean);

  // A container of the host's programs that runs this command line of a shell. `section`: more
  // members of linux, each after a comma. An unprivileged user's has a user namespace.
  CreateRequest request(const std::string& command, const std::string& cgroups_path,
                        const std::string& section = "") const;

 private:
  // Below it is all that systemd and the containers make.
  std::optional<cgroup::Cgroup> own_;
};

}  // namespace seatrial::runtime
