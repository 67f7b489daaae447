#include "engine/init/monitor_attach.h"

#include "engine/init/memory.h"

namespace seatrial::init {
namespace {

constexpr int kSocketNonblock = 04000;    // SOCK_NONBLOCK
constexpr int kSocketCloexec = 02000000;  // SOCK_CLOEXEC
constexpr int kNoSignal = 0x4000;         // MSG_NOSIGNAL
constexpr int kDontWait = 0x40;           // MSG_DONTWAIT
constexpr int kDuplicateCloexec = 1030;   // F_DUPFD_CLOEXEC
constexpr std::size_t kHeader = 8;

Result send_bytes(int fd, const char* bytes, std::size_t size) {
  return sys(__NR_sendto, fd, bytes, size, kNoSignal | kDontWait, 0, 0);
}

bool is_transient(Result result) {
  return result == -EAGAIN || result == -EINTR;
}

}  // namespace

// ---- Input --------------------------------------------------------------------------------------

void Input::open(int fd, bool is_pipe, bool once) {
  open_ = true;
  pipe_ = is_pipe;
  once_ = once;
  fd_ = fd;
}

Result Input::take_from(int client) {
  const Result size = sys(__NR_recvfrom, client, buffer_, sizeof buffer_, kDontWait, 0, 0);
  if (size > 0) {
    begin_ = 0;
    end_ = (std::size_t)size;
    flush();
  }
  return size;
}

void Input::client_ended() {
  if (once_ && pipe_) ending_ = true;
  flush();
}

void Input::flush() {
  while (open_ && begin_ < end_) {
    const Result size = write_bytes(fd_, buffer_ + begin_, end_ - begin_);
    if (size == -EINTR) continue;
    if (size == -EAGAIN) return;
    if (size <= 0) {  // the container has closed its end
      begin_ = end_;
      break;
    }
    begin_ += (std::size_t)size;
  }
  if (ending_) close();
}

PollEntry Input::waits_for() const {
  PollEntry entry;
  if (open_ && !idle()) {
    entry.fd = fd_;
    entry.events = POLLOUT;
  }
  return entry;
}

void Input::close() {
  if (open_ && pipe_) close_fd(fd_);
  open_ = false;
  begin_ = end_ = 0;
}

// ---- Clients ------------------------------------------------------------------------------------

void Clients::begin(bool framed) {
  framed_ = framed;
  for (Client& client : clients_) client.fd = -1;
}

void Clients::accept(int listener) {
  const Result fd = sys(__NR_accept4, listener, 0, 0, kSocketCloexec | kSocketNonblock);
  if (fd >= 0) add((int)fd);
}

void Clients::add(int fd) {
  for (Client& client : clients_) {
    if (client.fd >= 0) continue;
    client.fd = fd;
    client.starter = false;
    client.speechless = client.hung_up = client.stalled = false;
    client.size = 0;
    return;
  }
  close_fd(fd);
}

void Clients::add_starter(int fd) {
  add(fd);
  clients_[0].starter = true;
}

int Clients::keep_starter() const {
  for (const Client& client : clients_) {
    if (client.fd < 0 || !client.starter) continue;
    const Result fd = sys(__NR_fcntl, client.fd, kDuplicateCloexec, 0);
    return fd < 0 ? -1 : (int)fd;
  }
  return -1;
}

bool Clients::full() const {
  for (const Client& client : clients_) {
    if (client.fd < 0) return false;
  }
  return true;
}

void Clients::send(unsigned char stream, const char* bytes, std::size_t size) {
  const char header[kHeader] = {
      (char)stream, 0, 0, 0, (char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size};
  for (Client& client : clients_) {
    if (client.fd >= 0) send_to(client, header, bytes, size);
  }
}

void Clients::send_to(Client& client, const char* header, const char* bytes, std::size_t size) {
  if (framed_) {
    memcpy(client.backlog + client.size, header, kHeader);
    client.size += kHeader;
  }
  memcpy(client.backlog + client.size, bytes, size);
  client.size += size;
  drain(client);
  if (client.fd < 0 || sizeof client.backlog - client.size >= kHeader + kChunk) return;
  client.stalled = true;
  client.stalled_since = milliseconds();
}

void Clients::drain(Client& client) {
  std::size_t sent = 0;
  while (sent < client.size) {
    const Result size = send_bytes(client.fd, client.backlog + sent, client.size - sent);
    if (size == -EAGAIN) break;
    if (size == -EINTR) continue;
    if (size <= 0) return drop(client);
    sent += (std::size_t)size;
  }
  memmove(client.backlog, client.backlog + sent, client.size - sent);
  client.size -= sent;
  if (client.size == 0) client.stalled = false;
}

void Clients::drop(Client& client) {
  close_and_forget(client.fd);
  client.size = 0;
  client.stalled = false;
}

bool Clients::stalled() const {
  for (const Client& client : clients_) {
    if (client.fd >= 0 && client.stalled) return true;
  }
  return false;
}

std::int64_t Clients::patience_left() const {
  std::int64_t least = -1;
  const std::int64_t time = milliseconds();
  for (const Client& client : clients_) {
    if (client.fd < 0 || !client.stalled) continue;
    const std::int64_t waited = time - client.stalled_since;
    const std::int64_t left = waited < kPatience ? kPatience - waited : 0;
    if (least < 0 || left < least) least = left;
  }
  return least;
}

void Clients::drop_overdue() {
  const std::int64_t time = milliseconds();
  for (Client& client : clients_) {
    if (client.fd >= 0 && client.stalled && time - client.stalled_since >= kPatience) drop(client);
  }
}

void Clients::wait_for(PollEntry* entries, const Input& input) const {
  const bool listens = input.wanted() && input.idle();
  for (const Client& client : clients_) {
    PollEntry& entry = *entries++;
    entry = PollEntry{};
    // One that has hung up shows that at every poll, until its last words can be taken.
    if (client.fd < 0 || (client.hung_up && !listens)) continue;
    entry.fd = client.fd;
    if (listens && !client.speechless) entry.events |= POLLIN;
    if (client.size != 0) entry.events |= POLLOUT;
  }
}

void Clients::listen(Client& client, Input& input) {
  const Result size = input.take_from(client.fd);
  if (size > 0 || is_transient(size)) return;
  client.speechless = true;
  if (size < 0) drop(client);
  input.client_ended();
}

void Clients::serve(const PollEntry* entries, Input& input) {
  for (Client& client : clients_) {
    const PollEntry& entry = *entries++;
    if (entry.happened == 0 || entry.fd != client.fd) continue;
    if ((entry.happened & POLLOUT) != 0) drain(client);
    if (client.fd < 0) continue;
    client.hung_up = (entry.happened & (POLLHUP | POLLERR)) != 0;
    const bool listens = input.wanted() && !client.speechless;
    if ((entry.happened & POLLIN) != 0 && listens && input.idle()) {
      listen(client, input);
    } else if (client.hung_up && !listens) {
      drop(client);
    }
  }
  drop_overdue();
}

void Clients::finish() {
  const std::int64_t end = milliseconds() + kPatience;
  Input none = {};
  for (;;) {
    PollEntry entries[kMost];
    bool waits = false;
    for (Client& client : clients_) {
      if (client.fd >= 0 && client.size == 0) drop(client);
      waits = waits || client.fd >= 0;
    }
    const std::int64_t left = end - milliseconds();
    if (!waits || left <= 0) break;
    wait_for(entries, none);
    wait_for_events(entries, kMost, left);
    serve(entries, none);
  }
  for (Client& client : clients_) drop(client);
}

}  // namespace seatrial::init
