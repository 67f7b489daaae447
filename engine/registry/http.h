// One HTTP request at a time over libcurl, with connections that are kept for the next one. Knows
// nothing of registries: no credentials, no redirects, no second try.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/registry/hosts.h"
#include "engine/registry/url.h"

namespace seatrial::registry {

struct Timeouts {
  std::chrono::milliseconds connect{30'000};   // name, TCP and TLS together
  std::chrono::milliseconds document{60'000};  // a request without on_body, as a whole
  std::chrono::seconds stall{60};              // without one byte either way
};

struct ResponseHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields = {};  // names in lower case

  // The values of one field, joined by ", " as RFC 9110 allows; "" for none.
  std::string get(std::string_view name) const;
  bool is_success() const { return status >= 200 && status < 300; }
};

// A part of an open file as a request's body.
struct FileBody {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct HttpRequest {
  std::string method = "GET";
  Url url = {};
  Tls tls = {};
  std::vector<std::string> fields = {};  // "Name: value"
  std::string body = {};
  FileBody file = {};  // with a descriptor: counts instead of `body`

  // With on_body, the body of a 2xx reply goes there and not into HttpResponse::body; on_head comes
  // before it. What they throw ends the transfer and leaves send(). on_sent gets the number of
  // bytes of the request's body that are on their way.
  std::function<void(const ResponseHead&)> on_head = {};
  std::function<void(std::string_view)> on_body = {};
  std::function<void(std::uint64_t)> on_sent = {};

  std::size_t limit = 4u << 20;  // bytes of HttpResponse::body; more is an error
};

struct HttpResponse {
  Url url = {};  // what was asked
  ResponseHead head = {};
  std::string body = {};

  // A transfer that did not come to its end: one sentence. Empty for a whole one.
  std::string broken = {};
  Kind kind = Kind::kUnavailable;
  bool may_retry = false;     // the peer was there, and the connection broke or timed out
  bool may_be_other = false;  // the peer is there and does not seem to speak this scheme
};

// Thread-safe: as many send() at a time as there are callers, each with a connection of its own.
class Http {
 public:
  Http(std::string user_agent, Timeouts timeouts);
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  ~Http();

  // Throws Error{kConflict} "cancelled" at once when `stop` is requested, and kExhausted for a
  // reply larger than the limit.
  HttpResponse send(const HttpRequest& request, const std::stop_token& stop);

 private:
  class Pool;

  std::string user_agent_;
  Timeouts timeouts_;
  std::unique_ptr<Pool> pool_;
};

// Throws the Error that a cancelled operation ends with.
[[noreturn]] void throw_cancelled();

}  // namespace seatrial::registry
