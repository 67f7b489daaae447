// The conversation with the runtime: packets as wire.h has them.
#include <asm/errno.h>
#include <linux/socket.h>

#include "engine/init/memory.h"
#include "engine/init/run.h"

namespace seatrial::init {
namespace {

// As the kernel lays them out (recvmsg(2)); its headers leave them to the C library.
struct IoVector {
  void* base;
  std::size_t size;
};
struct MessageHeader {
  void* name;
  int name_size;
  IoVector* vectors;
  std::size_t vector_count;
  void* control;
  std::size_t control_size;
  unsigned flags;
};
struct PassedFd {
  std::size_t size = 20;  // without the padding at the end
  int level = 1;          // SOL_SOCKET
  int type = 1;           // SCM_RIGHTS
  int fd = -1;
  int padding = 0;
};

constexpr int kNoSignal = 0x4000;  // MSG_NOSIGNAL

// Holds the last packet received.
alignas(8) char packet[sizeof(wire::Message) + wire::kMaxPayload];

}  // namespace

Result send_message(int socket, const wire::Message& message, const char* payload, int passed_fd) {
  IoVector vectors[2] = {{(void*)&message, sizeof message}, {(void*)payload, message.payload}};
  PassedFd passed;
  passed.fd = passed_fd;
  MessageHeader header = {};
  header.vectors = vectors;
  header.vector_count = message.payload != 0 ? 2 : 1;
  if (passed_fd >= 0) {
    header.control = &passed;
    header.control_size = sizeof passed;
  }
  for (;;) {
    const Result sent = sys(__NR_sendmsg, socket, &header, kNoSignal);
    if (sent != -EINTR) return sent < 0 ? sent : 0;
  }
}

Result receive_message(int socket, Received& received) {
  Result size;
  do {
    size = sys(__NR_recvfrom, socket, packet, sizeof packet, 0, 0, 0);
  } while (size == -EINTR);
  if (size < 0) return size;
  if (size == 0) return -ECONNRESET;
  if ((std::size_t)size < sizeof(wire::Message)) return -EBADMSG;
  memcpy(&received.message, packet, sizeof(wire::Message));
  if (received.message.payload != (std::size_t)size - sizeof(wire::Message)) return -EBADMSG;
  received.payload = packet + sizeof(wire::Message);
  return 0;
}

Result receive_descriptor(int socket, wire::Message& message, int& fd) {
  constexpr int kCloexec = 0x40000000;  // MSG_CMSG_CLOEXEC
  IoVector vector = {&message, sizeof message};
  PassedFd passed;
  MessageHeader header = {};
  header.vectors = &vector;
  header.vector_count = 1;
  header.control = &passed;
  header.control_size = sizeof passed;
  fd = -1;
  const Result size = sys(__NR_recvmsg, socket, &header, kCloexec);
  if (size < 0) return size;
  if (size == 0) return -ECONNRESET;
  if (header.control_size >= passed.size) fd = passed.fd;
  return size == sizeof message ? 0 : -EBADMSG;
}

Received await_proceed(Run& run) {
  Received received;
  const Result error = receive_message(run.sync, received);
  if (error < 0 || received.message.kind != wire::MessageKind::kProceed) exit_process(1);
  return received;
}

void report_and_exit(Run& run, int socket, Result error) {
  wire::Message message;
  message.kind = wire::MessageKind::kFailed;
  message.step = run.step;
  message.sys_errno = error == kOnlyDetail ? 0 : (std::int32_t)-error;
  if (run.detail != nullptr) {
    message.payload =
        (std::uint32_t)(run.detail_size < wire::kMaxPayload ? run.detail_size : wire::kMaxPayload);
  }
  send_message(socket, message, run.detail);
  exit_process(1);
}

}  // namespace seatrial::init
