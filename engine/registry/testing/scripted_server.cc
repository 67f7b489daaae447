#include "engine/registry/testing/scripted_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <charconv>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::registry::testing {
namespace {

// False when the peer is gone.
bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// False at the end of the connection.
bool receive_more(int fd, std::string& buffer) {
  char piece[65536];
  const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
  if (got <= 0) return false;
  buffer.append(piece, static_cast<std::size_t>(got));
  return true;
}

// Takes one request out of `buffer`, receiving as needed.
std::optional<Received> receive_request(int fd, std::string& buffer) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
    // A TLS hello is no request and has no end of line: hang up, as servers do.
    if (!buffer.empty() && buffer[0] == 0x16) return std::nullopt;
    if (!receive_more(fd, buffer)) return std::nullopt;
  }
  std::string_view head = std::string_view(buffer).substr(0, end);
  const std::size_t line = std::min(head.find("\r\n"), head.size());
  const std::string_view first = head.substr(0, line);
  const std::size_t space = first.find(' ');
  Received request{.method = std::string(first.substr(0, space)),
                   .target = std::string(first.substr(space + 1, first.rfind(' ') - space - 1))};
  head.remove_prefix(std::min(line + 2, head.size()));
  while (!head.empty()) {
    const std::size_t stop = std::min(head.find("\r\n"), head.size());
    const std::string_view field = head.substr(0, stop);
    const std::size_t colon = field.find(": ");
    std::string name(field.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    if (colon != field.npos) request.fields[name] = field.substr(colon + 2);
    head.remove_prefix(std::min(stop + 2, head.size()));
  }
  buffer.erase(0, end + 4);
  std::size_t length = 0;
  const std::string text = request.get("content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  while (buffer.size() < length) {
    if (!receive_more(fd, buffer)) return std::nullopt;
  }
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return request;
}

}  // namespace

std::string Received::get(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

std::pair<UniqueFd, std::uint16_t> listen_on_loopback() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(fd.get(), 64) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw sys_error(errno, "listen on the loopback");
  }
  return {std::move(fd), ntohs(address.sin_port)};
}

ScriptedServer::ScriptedServer(Handler handler) : handler_(std::move(handler)) {
  std::tie(listener_, port_) = listen_on_loopback();
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

std::string ScriptedServer::authority() const {
  return fmt::format("127.0.0.1:{}", port_);
}

std::vector<Received> ScriptedServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::size_t ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    open_.insert(fd);
    ++connections_;
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void ScriptedServer::serve(int fd) {
  std::string buffer;
  while (const auto request = receive_request(fd, buffer)) {
    if (!answer(fd, *request)) break;
  }
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  ::close(fd);
}

bool ScriptedServer::answer(int fd, const Received& request) {
  Reply reply;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return false;
    if (request.target != "/v2/" || !request.get("authorization").empty()) {
      received_.push_back(request);
    }
    reply = handler_(request);
  }
  if (reply.hang) {
    std::string ignored;
    while (receive_more(fd, ignored)) continue;
    return false;
  }
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", reply.status,
                                 reply.content_length.value_or(reply.body.size()));
  for (const auto& [name, value] : reply.fields) head += fmt::format("{}: {}\r\n", name, value);
  if (!send_all(fd, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  const std::string_view body =
      std::string_view(reply.body).substr(0, reply.drop_after.value_or(reply.body.size()));
  return send_all(fd, body) && !reply.drop_after;
}

}  // namespace seatrial::registry::testing
