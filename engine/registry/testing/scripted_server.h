// A loopback HTTP server whose every answer a test writes: for what a real registry cannot do.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/unique_fd.h"

namespace seatrial::registry::testing {

struct Received {
  std::string method = {};
  std::string target = {};                         // path and query
  std::map<std::string, std::string> fields = {};  // names in lower case
  std::string body = {};

  std::string get(const std::string& name) const;
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  std::optional<std::uint64_t> content_length = {};  // a lie; default: the body's
  std::optional<std::size_t> drop_after = {};        // bytes of the body, then the connection ends
  bool hang = false;                                 // no answer until the client gives up
};

using Handler = std::function<Reply(const Received&)>;

class ScriptedServer {
 public:
  // The handler is called one request at a time.
  explicit ScriptedServer(Handler handler);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  std::uint16_t port() const { return port_; }
  std::string authority() const;           // "127.0.0.1:PORT"
  std::vector<Received> received() const;  // so far, without the client's ping of /v2/
  std::size_t connections() const;

 private:
  void accept_all();
  void serve(int fd);
  bool answer(int fd, const Received& request);

  Handler handler_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // guards what follows, and calls of the handler
  std::vector<Received> received_;
  std::set<int> open_;
  std::size_t connections_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A listening TCP socket on a free loopback port.
std::pair<UniqueFd, std::uint16_t> listen_on_loopback();

}  // namespace seatrial::registry::testing
