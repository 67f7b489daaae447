// HTTP/1.1 over a unix socket. The only file that sees Boost.Beast is unix_http.cc: it is heavy.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seatrial::harness {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body = {};
  std::filesystem::path body_file = {};  // streamed in place of `body`; empty: none
  std::string content_type = {};         // empty: application/json where there is a body
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them
};

struct HttpResponse {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};

  // The first header of that name, in any case; empty: none.
  std::string_view header(std::string_view name) const;
};

// One connection. Every call has until `timeout` after its own start, and throws Error{kTimeout}
// then, {kUnavailable} when the peer hangs up, {kInvalidArgument} for what is no HTTP. After an
// Error, and after exchange(), the connection is of no further use.
class UnixHttp {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // Gets the body piece by piece; false: that was enough.
  using Sink = std::function<bool(std::string_view)>;

  // Connects. Throws Error{kNotFound} and the like, naming the socket.
  UnixHttp(const std::filesystem::path& socket, Milliseconds timeout);
  UnixHttp(UnixHttp&&) noexcept;
  UnixHttp& operator=(UnixHttp&&) noexcept;
  ~UnixHttp();

  // Sends the request and reads the answer, its body into the sink if there is one and the status
  // is 2xx. A body beyond 64 MiB in memory is Error{kExhausted}.
  HttpResponse exchange(const HttpRequest& request, Milliseconds timeout,
                        const Sink& sink = nullptr);

  // Asks for the bare connection ("Upgrade: tcp"). When the status is 101 or 200 the connection is
  // the caller's to read and write; otherwise the answer is whole, with its body.
  HttpResponse upgrade(const HttpRequest& request, Milliseconds timeout);
  void write(std::string_view bytes, Milliseconds timeout);
  void close_sending();
  // At least one byte, or nothing at the end.
  std::string read_some(Milliseconds timeout);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace seatrial::harness
