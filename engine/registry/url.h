// URLs of http and https, as this room sends requests to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seatrial::registry {

struct Url {
  std::string scheme = {};  // "http" or "https"
  std::string host = {};    // lower case; an IPv6 address in brackets
  std::uint16_t port = 0;   // the scheme's default where none was written
  std::string target = {};  // path and query: "/v2/?a=b"

  std::string text() const;
  // "HOST:PORT"; HOST alone for the scheme's default port.
  std::string authority() const;
  // Who gets the credentials of whom: scheme, host and port (RFC 6454).
  bool same_origin(const Url& other) const;
};

// Throws Error{kInvalidArgument} for what is no http or https URL, and for one with a user or a
// password inside: nothing in a URL of a registry may tell us to log in.
Url parse_url(std::string_view text);

// `location` as a reply to a request for `base` may give it: absolute, or relative in any way.
Url resolve_url(const Url& base, std::string_view location);

// HOST[:PORT] of an image name. "docker.io" is served by registry-1.docker.io.
Url registry_url(std::string_view scheme, std::string_view registry);

// 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view host);

// `url` with NAME=VALUE added to its query; the value is percent-encoded.
Url with_query(Url url, std::string_view name, std::string_view value);

}  // namespace seatrial::registry
