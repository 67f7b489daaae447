#include "engine/registry/url.h"

#include <arpa/inet.h>

#include <memory>

#include "engine/base/error.h"
#include "engine/registry/curl.h"
#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(Curl::url_cleanup)>;

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(handle, which, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(Curl::free)> owner(text, curl().free);
  return text;
}

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
  throw error(Kind::kInvalidArgument, "\"{}\" {}", printable(text), reason);
}

void set(const Handle& handle, std::string_view text, std::string_view shown) {
  // Spaces are encoded as browsers do it: some storage back ends send them raw.
  if (curl().url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_URLENCODE) !=
      CURLUE_OK) {
    refuse(shown, "is not a URL of http or https");
  }
}

Url read(const Handle& handle, std::string_view shown) {
  Url url{.scheme = part(handle.get(), CURLUPART_SCHEME),
          .host = part(handle.get(), CURLUPART_HOST),
          .port = 0,
          .target = part(handle.get(), CURLUPART_PATH)};
  if (url.scheme != "http" && url.scheme != "https") refuse(shown, "is not a URL of http or https");
  if (!part(handle.get(), CURLUPART_USER).empty() ||
      !part(handle.get(), CURLUPART_PASSWORD).empty()) {
    refuse(url.scheme + "://...@" + url.host, "holds a user name");
  }
  const auto port = parse_decimal(part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (!port || *port == 0 || *port > 65535) refuse(shown, "has no usable port");
  url.port = static_cast<std::uint16_t>(*port);
  for (char& c : url.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string query = part(handle.get(), CURLUPART_QUERY);
  if (!query.empty()) url.target += "?" + query;
  return url;
}

}  // namespace

std::string Url::authority() const {
  const bool is_default = port == (scheme == "http" ? 80 : 443);
  return is_default ? host : fmt::format("{}:{}", host, port);
}

std::string Url::text() const {
  return fmt::format("{}://{}{}", scheme, authority(), target);
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Url parse_url(std::string_view text) {
  const Handle handle(curl().url(), curl().url_cleanup);
  set(handle, text, text);
  return read(handle, text);
}

Url resolve_url(const Url& base, std::string_view location) {
  const Handle handle(curl().url(), curl().url_cleanup);
  set(handle, base.text(), base.text());
  set(handle, location, location);  // setting a relative URL resolves it against what is there
  return read(handle, location);
}

Url registry_url(std::string_view scheme, std::string_view registry) {
  if (registry == "docker.io") registry = "registry-1.docker.io";
  return parse_url(fmt::format("{}://{}/v2/", scheme, registry));
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 &&
         (ntohl(address.s_addr) >> 24) == 127;
}

Url with_query(Url url, std::string_view name, std::string_view value) {
  url.target += fmt::format("{}{}={}", url.target.find('?') == std::string::npos ? '?' : '&', name,
                            percent_encode(value));
  return url;
}

}  // namespace seatrial::registry
