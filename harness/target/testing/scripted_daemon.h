// A daemon that says what a test wrote down for it, on a unix socket of its own.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/files.h"
#include "engine/sys/unix_path.h"

namespace seatrial::harness {

// One connection's part: the bytes sent once the request is there; then the connection is closed,
// or held until the client closes it.
struct Scripted {
  std::string answer = {};
  bool hold = false;
  bool echo = false;  // after the answer, sends back what comes until the client stops sending
};

inline std::string http_answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Serves the script, one connection after the other, and keeps the requests.
class ScriptedDaemon {
 public:
  explicit ScriptedDaemon(std::vector<Scripted> script)
      : script_(std::move(script)),
        directory_fd_(open_file(directory_.path(), O_RDONLY | O_DIRECTORY)),
        listener_(sys::listen_at(directory_fd_.get(), "socket", sys::SocketType::kStream)),
        thread_([this] { serve(); }) {}
  ScriptedDaemon(const ScriptedDaemon&) = delete;
  ScriptedDaemon& operator=(const ScriptedDaemon&) = delete;
  ~ScriptedDaemon() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    thread_.join();
  }

  std::filesystem::path socket() const { return directory_.path() / "socket"; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (const Scripted& part : script_) {
      const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string request = read_request(client.get());
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
      }
      say(client.get(), part.answer);
      char byte[4096];
      for (ssize_t got = 1; (part.hold || part.echo) && got > 0;) {
        got = ::recv(client.get(), byte, sizeof byte, 0);
        if (part.echo && got > 0) say(client.get(), {byte, static_cast<std::size_t>(got)});
      }
    }
  }

  static void say(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the client has had enough
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Head and, where it says how long, body.
  static std::string read_request(int fd) {
    std::string request;
    char bytes[4096];
    for (;;) {
      const std::size_t head = request.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t label = request.find("Content-Length: ");
        const std::size_t body =
            label < head ? std::stoul(request.substr(label + 16)) : std::size_t{0};
        if (request.size() >= head + 4 + body) return request;
      }
      const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got <= 0) return request;
      request.append(bytes, static_cast<std::size_t>(got));
    }
  }

  TempDir directory_{std::filesystem::temp_directory_path()};
  std::vector<Scripted> script_;
  UniqueFd directory_fd_;
  UniqueFd listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace seatrial::harness
