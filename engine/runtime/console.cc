#include "engine/runtime/console.h"

#include <sys/ioctl.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/sys/packet.h"
#include "engine/sys/unix_path.h"

namespace seatrial::runtime {

UniqueFd connect_console_socket(const std::filesystem::path& path) {
  return with_context("console socket",
                      [&] { return sys::connect_to(path, sys::SocketType::kStream); });
}

void send_console(int socket, int master) {
  unsigned number = 0;
  if (::ioctl(master, TIOCGPTN, &number) != 0) throw sys_error(errno, "name the terminal");
  const int descriptors[] = {master};
  if (!sys::send_packet(socket, fmt::format("/dev/pts/{}", number), {}, descriptors)) {
    throw error(Kind::kUnavailable, "the console socket's listener hung up");
  }
}

}  // namespace seatrial::runtime
