#include "engine/registry/session.h"

#include "engine/registry/fields.h"
#include "engine/spec/json_document.h"
#include "engine/spec/json_reader.h"

namespace seatrial::registry {
namespace {

constexpr int kMaxRedirects = 10;

bool is_redirect(const HttpResponse& response, std::string_view method) {
  const int status = response.head.status;
  if (!response.broken.empty()) return false;
  if (status == 307 || status == 308) return true;
  return (method == "GET" || method == "HEAD") && (status == 301 || status == 302 || status == 303);
}

Kind kind_of_status(int status) {
  if (status == 401 || status == 403) return Kind::kDenied;
  if (status == 404) return Kind::kNotFound;
  if (status == 405 || status == 415) return Kind::kUnsupported;
  if (status == 409) return Kind::kConflict;
  if (status == 413 || status == 429) return Kind::kExhausted;
  if (status >= 400 && status < 500) return Kind::kInvalidArgument;
  return Kind::kUnavailable;
}

// errors[0] of the distribution specification's error document: " CODE: message"; "" for another.
std::string first_error(const std::string& body) {
  try {
    const spec::Document document(body, "errors");
    const auto errors = spec::Reader(document).find("errors");
    if (!errors) return {};
    const auto entries = errors->elements();
    if (entries.empty()) return {};
    const std::string code = printable(entries.front().string_or_empty("code"), 60);
    const std::string message = printable(entries.front().string_or_empty("message"));
    if (code.empty()) return {};
    return message.empty() ? " " + code : fmt::format(" {}: {}", code, message);
  } catch (const Error&) {  // a page of a proxy: the status has to say it
    return {};
  }
}

}  // namespace

Session::Session(const Surroundings& around, std::string registry)
    : around_(around), registry_(std::move(registry)), authenticator_(around_, registry_) {}

Url Session::url(std::string_view path, const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (!base_) base_ = find_base(stop);
  Url url = *base_;
  url.target += path;
  return url;
}

HttpResponse Session::ping(const Url& url, const std::stop_token& stop) const {
  return around_.http.send({.url = url, .tls = around_.hosts.tls(url)}, stop);
}

Url Session::find_base(const std::stop_token& stop) const {
  const Url secure = registry_url("https", registry_);
  const Url plain = registry_url("http", registry_);
  if (around_.hosts.has_certificates(secure.authority())) return secure;
  if (is_loopback(secure.host)) {
    // Plain first: what speaks TLS answers 400 or hangs up, whereas some plain servers would wait
    // for the end of what they take for a line.
    const HttpResponse answer = ping(plain, stop);
    const bool has_port = plain.port == secure.port;
    const bool is_tls =
        answer.broken.empty() ? answer.head.status == 400 : answer.may_be_other || !has_port;
    return is_tls ? secure : plain;
  }
  if (!around_.hosts.is_insecure(secure)) return secure;
  const HttpResponse answer = ping(secure, stop);
  const bool has_port = plain.port == secure.port;
  return !answer.broken.empty() && (answer.may_be_other || !has_port) ? plain : secure;
}

HttpResponse Session::send(HttpRequest request, const Purpose& purpose,
                           const std::stop_token& stop) {
  const Url base = url("", stop);
  const std::vector<std::string> fields = request.fields;
  std::string authorization = authenticator_.current(purpose.scopes);
  bool renewed = false;
  bool at_home = request.url.same_origin(base);
  for (int redirects = 0;;) {
    around_.hosts.check_allowed(request.url);
    request.tls = around_.hosts.tls(request.url);
    request.fields = fields;
    if (at_home && !authorization.empty()) {
      request.fields.push_back("Authorization: " + authorization);
    }
    HttpResponse response =
        send_patiently(around_.http, request, around_.patience, purpose.retry_broken, stop);
    if (response.broken.empty() && response.head.status == 401 && at_home && !renewed) {
      authorization = authenticator_.renew(response, purpose.scopes, authorization, stop);
      renewed = true;
      continue;
    }
    if (!is_redirect(response, request.method)) return response;
    if (++redirects > kMaxRedirects) {
      throw error(Kind::kUnavailable, "{} redirects more than {} times", registry_, kMaxRedirects);
    }
    request.url = location(response);
    at_home = at_home && request.url.same_origin(base);
  }
}

Url Session::location(const HttpResponse& response) const {
  const std::string location = response.head.get("location");
  if (location.empty()) {
    throw error(Kind::kInternal, "{} answers {} without a Location", registry_,
                response.head.status);
  }
  const Url next = resolve_url(response.url, location);
  around_.hosts.check_step(response.url, next);
  return next;
}

void Session::refuse(const HttpResponse& response, std::string_view what) const {
  if (!response.broken.empty()) throw error(response.kind, "{}: {}", what, response.broken);
  const int status = response.head.status;
  std::string sentence = fmt::format("{}: {}{}", what, status, first_error(response.body));
  const std::string hint = authenticator_.hint();
  if ((status == 401 || status == 403) && !hint.empty()) sentence += fmt::format(" ({})", hint);
  throw Error(kind_of_status(status), 0, sentence);
}

}  // namespace seatrial::registry
