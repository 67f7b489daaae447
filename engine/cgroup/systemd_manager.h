// The conversation with systemd about scopes, over the socket on which it listens for root without
// a bus between.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/cgroup/systemd_scope.h"
#include "engine/sys/dbus_message.h"

namespace seatrial::cgroup {

class SystemdManager {
 public:
  // Throws Error{kUnsupported} where no systemd manages this host.
  static SystemdManager connect();

  // Its unit of that name, by the description; nothing where there is none.
  std::optional<std::string> description(const std::string& unit);

  // Makes the scope with this process in it, and returns when systemd has moved it there: in all
  // hierarchies that systemd manages, and with the right to make cgroups below. Throws Error with
  // systemd's words, kConflict for a unit that exists.
  void start(const Scope& scope, const std::string& description, pid_t process,
             const std::vector<UnitProperty>& limits);

  // Until systemd is asked anew, or starts again. Throws Error.
  void set(const std::string& unit, const std::vector<UnitProperty>& limits);

  // Ends the scope, and what is left in it. A unit that is gone is fine. Throws Error.
  void stop(const std::string& unit);

 private:
  explicit SystemdManager(UniqueFd socket) : socket_(std::move(socket)) {}

  sys::DbusMessage ask(std::string_view member, std::string_view signature,
                       const sys::DbusWriter& body);
  sys::DbusMessage call(const sys::DbusCall& call);
  void await_job(const std::string& unit, const std::string& job);
  void send(std::string_view bytes);
  sys::DbusMessage receive();
  std::string read(std::size_t size);

  UniqueFd socket_;
  std::string unread_;  // that came with what was read
  std::uint32_t serial_ = 0;
  std::vector<sys::DbusMessage> signals_;  // that came while a reply was waited for
};

}  // namespace seatrial::cgroup
