// One registry as this client talks to it: over which scheme, with which credentials, through which
// redirects.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/registry/authenticator.h"

namespace seatrial::registry {

// What a request is for, apart from the request.
struct Purpose {
  Scopes scopes = {};
  bool retry_broken = true;  // false: the caller goes on where the connection broke
};

// Thread-safe.
class Session {
 public:
  // `registry` is HOST[:PORT] as image names have it.
  Session(const Surroundings& around, std::string registry);

  const std::string& registry() const { return registry_; }
  const Patience& patience() const { return around_.patience; }

  // The URL of /v2/PATH. The first call finds out the scheme: https, unless the host is a loopback
  // one or declared insecure, and speaks no TLS. No credentials are sent for that.
  Url url(std::string_view path, const std::stop_token& stop);

  // Sends with credentials where the registry asks for them, and follows redirects: at most ten,
  // GET and HEAD by any, others by 307 and 308. Credentials go to the registry's own origin alone,
  // and not even there any more once a redirect has led away from it. The answer's `url` is the
  // last one. Throws Error for what cannot be sent; an answer that is no success is returned.
  HttpResponse send(HttpRequest request, const Purpose& purpose, const std::stop_token& stop);

  // Throws the Error that an answer without success means: "WHAT: 404 MANIFEST_UNKNOWN: ...".
  [[noreturn]] void refuse(const HttpResponse& response, std::string_view what) const;

  // A URL that `response` names in its Location, checked as a redirect is. Throws Error{kInternal}
  // when there is none.
  Url location(const HttpResponse& response) const;

 private:
  Url find_base(const std::stop_token& stop) const;
  HttpResponse ping(const Url& url, const std::stop_token& stop) const;

  const Surroundings& around_;
  std::string registry_;
  Authenticator authenticator_;
  std::mutex mutex_;  // guards base_
  std::optional<Url> base_;
};

}  // namespace seatrial::registry
