// The conversation with systemd about scopes, over the socket on which it listens for its own user
// and for root without a bus between: the host's systemd, or a user's own (systemd --user).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/systemd_scope.h"
#include "engine/sys/dbus_message.h"

namespace seatrial::cgroup {

inline constexpr const char* kSystemdOfHost = "/run/systemd/private";

// For a user without privileges over the host, or a root that is one in a user namespace only: the
// socket of the host's systemd if that belongs to this user, as in a container that systemd runs
// in; else of the user's own, below `runtime_directory` ($XDG_RUNTIME_DIR; without one, where
// pam_systemd(8) puts that of `user`, by the number outside of user namespaces). Whether it is
// there shows in connect().
std::string own_systemd(const char* runtime_directory, uid_t user);

class SystemdManager {
 public:
  // Throws Error{kUnsupported} where no systemd listens there.
  static SystemdManager connect(const std::string& socket);

  // Below which it makes its slices, in the tree of cgroups as it sees it: "" for the host's,
  // "/user.slice/user-1000.slice/user@1000.service" for a user's own.
  std::string root();

  // Where a scope of its is. Throws Error{kNotFound} for a unit that is not there.
  std::string cgroup_of(const std::string& scope);

  // Its unit of that name, by the description; nothing where there is none.
  std::optional<std::string> description(const std::string& unit);

  // Makes the scope with this process in it, and returns when systemd has moved it there: in all
  // hierarchies that systemd manages, and with the right to make cgroups below. Throws Error with
  // systemd's words, kConflict for a unit that exists.
  void start(const Scope& scope, const std::string& description, pid_t process,
             const std::vector<UnitProperty>& limits);

  // Until systemd is asked anew, or starts again. Throws Error.
  void set(const std::string& unit, const std::vector<UnitProperty>& limits);

  // Moves a process into the scope, or into the cgroup `below` of it ("/a"; "" for none): for a
  // caller who may not do so, as one outside the user's own cgroups may not. Throws Error.
  void attach(const std::string& unit, const std::string& below, pid_t process);

  // Ends the scope, and what is left in it. A unit that is gone is fine. Throws Error.
  void stop(const std::string& unit);

 private:
  SystemdManager(UniqueFd socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}

  sys::DbusMessage ask(std::string_view member, std::string_view signature,
                       const sys::DbusWriter& body);
  sys::DbusMessage call(const sys::DbusCall& call);
  std::string unit_path(const std::string& unit);
  std::string property(const std::string& object, std::string_view interface,
                       std::string_view name);
  void await_job(const std::string& unit, const std::string& job);
  void send(std::string_view bytes);
  sys::DbusMessage receive();
  std::string read(std::size_t size);

  UniqueFd socket_;
  std::string path_;
  std::string unread_;  // that came with what was read
  std::uint32_t serial_ = 0;
  std::vector<sys::DbusMessage> signals_;  // that came while a reply was waited for
};

}  // namespace seatrial::cgroup
