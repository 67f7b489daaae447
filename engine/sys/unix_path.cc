#include "engine/sys/unix_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

UniqueFd new_socket(SocketType type) {
  const int kind = type == SocketType::kStream ? SOCK_STREAM : SOCK_SEQPACKET;
  UniqueFd fd(::socket(AF_UNIX, kind | SOCK_CLOEXEC, 0));
  if (!fd) throw sys_error(errno, "create a unix socket");
  return fd;
}

// /proc/self/fd/N[/NAME]. Throws Error for a name that does not fit: the callers' are short.
sockaddr_un address_of(int fd, const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto end = name == nullptr ? fmt::format_to_n(address.sun_path, sizeof address.sun_path,
                                                      "/proc/self/fd/{}", fd)
                                   : fmt::format_to_n(address.sun_path, sizeof address.sun_path,
                                                      "/proc/self/fd/{}/{}", fd, name);
  if (end.size >= sizeof address.sun_path) {
    throw error(Kind::kInvalidArgument, "the socket name {} is too long", name);
  }
  return address;
}

}  // namespace

UniqueFd listen_at(int directory, const char* name, SocketType type) {
  UniqueFd fd = new_socket(type);
  const sockaddr_un address = address_of(directory, name);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw sys_error(errno, "bind the socket {}", name);
  }
  if (::listen(fd.get(), 1) != 0) throw sys_error(errno, "listen on the socket {}", name);
  return fd;
}

UniqueFd connect_at(int directory, const char* name, SocketType type) {
  // A magic link to the socket itself, so that the name's length does not matter either.
  const UniqueFd target(::openat(directory, name, O_PATH | O_CLOEXEC));
  if (!target) throw sys_error(errno, "open the socket {}", name);
  UniqueFd fd = new_socket(type);
  const sockaddr_un address = address_of(target.get(), nullptr);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw sys_error(errno, "connect to the socket {}", name);
  }
  return fd;
}

UniqueFd connect_to(const std::filesystem::path& path, SocketType type) {
  return connect_at(AT_FDCWD, path.c_str(), type);
}

}  // namespace seatrial::sys
