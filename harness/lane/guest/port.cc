#include "harness/lane/guest/port.h"

#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace seatrial::lane::guest {
namespace {

int port = -1;

void write_whole(int fd, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(fd, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left who could be told
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace

bool open_port() {
  constexpr int kTries = 200;
  for (int i = 0; i < kTries; ++i) {
    for (const char* name : {"/dev/vport0p1", "/dev/vport1p1"}) {
      port = ::open(name, O_WRONLY | O_CLOEXEC);
      if (port >= 0) return true;
    }
    ::usleep(50'000);
  }
  return false;
}

void send(wire::FrameType type, std::string_view payload) {
  if (port < 0) return;
  do {
    const std::string_view part = payload.substr(0, wire::kMaxFrame);
    payload.remove_prefix(part.size());
    const wire::FrameHeader header{.type = type, .length = static_cast<std::uint32_t>(part.size())};
    // One write, so that small frames cost one turn of the queue.
    std::string frame(reinterpret_cast<const char*>(&header), sizeof header);
    frame += part;
    write_whole(port, frame.data(), frame.size());
  } while (!payload.empty());
}

void give_up(std::string_view what, int sys_errno) {
  std::string sentence(what);
  if (sys_errno != 0) {
    sentence += ": ";
    sentence += std::strerror(sys_errno);
  }
  if (port >= 0) {
    send(wire::FrameType::kFault, sentence);
  } else {
    sentence = "\nlane: " + sentence + "\n";
    write_whole(STDERR_FILENO, sentence.data(), sentence.size());
  }
  power_off();
}

void power_off() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

}  // namespace seatrial::lane::guest
