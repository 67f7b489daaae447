#include "engine/registry/authenticator.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/registry/fields.h"
#include "engine/spec/json_document.h"
#include "engine/spec/json_reader.h"

namespace seatrial::registry {
namespace {

constexpr std::size_t kTokenLimit = 1u << 20;  // CVE-2023-25153: every document has a cap
constexpr std::string_view kClientId = "seatrial";

const Challenge* find(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto found = std::ranges::find(challenges, scheme, &Challenge::scheme);
  return found == challenges.end() ? nullptr : &*found;
}

std::string basic(const Credentials& credentials) {
  return "Basic " + base64(credentials.user + ":" + credentials.password);
}

// A form encodes what a query may keep.
std::string form_field(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, percent_encode(value));
}

// A value that ends up in a header field must not end it.
void check_token(const std::string& token) {
  const bool clean = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
  if (token.empty() || !clean) throw error(Kind::kDenied, "the token service sent no usable token");
}

}  // namespace

Authenticator::Authenticator(const Surroundings& around, std::string registry)
    : around_(around),
      registry_(std::move(registry)),
      credentials_(around.auth_file.find(registry_)) {}

std::string Authenticator::current(const Scopes& scopes) const {
  const std::lock_guard lock(mutex_);
  if (!basic_.empty()) return basic_;
  const auto token = tokens_.find(scopes);
  if (token == tokens_.end() || token->second.expires <= std::chrono::steady_clock::now()) {
    return {};
  }
  return token->second.value;
}

std::string Authenticator::renew(const HttpResponse& refused, const Scopes& scopes,
                                 const std::string& rejected, const std::stop_token& stop) {
  const std::lock_guard one_at_a_time(fetching_);
  const std::string by_another = current(scopes);
  if (!by_another.empty() && by_another != rejected) return by_another;

  const auto challenges = parse_challenges(refused.head.get("www-authenticate"));
  if (const Challenge* bearer = find(challenges, "bearer")) {
    return answer(*bearer, refused.url, scopes, stop);
  }
  if (find(challenges, "basic") == nullptr) {
    throw error(Kind::kDenied, "{} wants a login of a kind that is not spoken here: \"{}\"",
                registry_, printable(refused.head.get("www-authenticate"), 60));
  }
  if (!credentials_ || credentials_->user.empty()) {
    throw error(Kind::kDenied, "{} wants a login: {}", registry_, hint());
  }
  const std::lock_guard lock(mutex_);
  basic_ = basic(*credentials_);
  return basic_;
}

std::string Authenticator::hint() const {
  if (credentials_) return {};
  const std::string helper = around_.auth_file.helper(registry_);
  if (helper.empty()) {
    return fmt::format("no credentials for {} in {}", registry_, around_.auth_file.name());
  }
  return fmt::format("{} leaves the credentials for {} to the helper \"{}\", which is not run here",
                     around_.auth_file.name(), registry_, printable(helper, 60));
}

std::string Authenticator::answer(const Challenge& challenge, const Url& asked,
                                  const Scopes& scopes, const std::stop_token& stop) {
  Token token;
  if (credentials_ && !credentials_->registry_token.empty()) {
    check_token(credentials_->registry_token);
    token = {.value = "Bearer " + credentials_->registry_token,
             .expires = std::chrono::steady_clock::time_point::max()};
  } else {
    token = with_context(fmt::format("token for {}", registry_), [&] {
      return fetch_token(token_request(challenge, asked, scopes), stop);
    });
  }
  const std::lock_guard lock(mutex_);
  tokens_.insert_or_assign(scopes, token);
  return token.value;
}

HttpRequest Authenticator::token_request(const Challenge& challenge, const Url& asked,
                                         const Scopes& scopes) const {
  Url realm = parse_url(challenge.get("realm"));
  around_.hosts.check_step(asked, realm);
  const std::string_view service = challenge.get("service");
  // What we are about to do decides, not what the registry would like us to ask for; only a request
  // without a repository follows the challenge.
  Scopes wanted = scopes;
  if (wanted.empty() && !challenge.get("scope").empty())
    wanted.emplace_back(challenge.get("scope"));

  HttpRequest request{.url = realm, .tls = around_.hosts.tls(realm), .limit = kTokenLimit};
  if (credentials_ && !credentials_->identity_token.empty()) {
    request.method = "POST";
    request.fields.emplace_back("Content-Type: application/x-www-form-urlencoded");
    request.body = fmt::format("{}&{}&{}&{}&{}", form_field("grant_type", "refresh_token"),
                               form_field("service", service), form_field("client_id", kClientId),
                               form_field("scope", fmt::format("{}", fmt::join(wanted, " "))),
                               form_field("refresh_token", credentials_->identity_token));
    return request;
  }
  if (!service.empty()) request.url = with_query(request.url, "service", service);
  for (const std::string& scope : wanted) request.url = with_query(request.url, "scope", scope);
  if (credentials_) {
    request.url = with_query(request.url, "account", credentials_->user);
    request.fields.push_back("Authorization: " + basic(*credentials_));
  }
  return request;
}

Authenticator::Token Authenticator::fetch_token(const HttpRequest& request,
                                                const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  const HttpResponse response = send_patiently(around_.http, request, around_.patience, true, stop);
  if (!response.broken.empty()) throw error(response.kind, "{}", response.broken);
  if (!response.head.is_success()) {
    const bool refused = response.head.status == 401 || response.head.status == 403;
    throw error(refused ? Kind::kDenied : Kind::kUnavailable, "{} answers {}",
                request.url.authority(), response.head.status);
  }
  const spec::Document document(response.body, "token");
  const spec::Reader root(document);
  std::string token = root.string_or_empty("token");
  if (token.empty()) token = root.string_or_empty("access_token");
  check_token(token);
  // A token lives at least a minute, says the specification; some services say nothing.
  const std::uint64_t lifetime = std::clamp<std::uint64_t>(
      root.optional_integer<std::uint64_t>("expires_in").value_or(60), 1, 24 * 3600);
  const auto expires = started + std::chrono::milliseconds(lifetime * 1000 * 9 / 10);
  return {.value = "Bearer " + token, .expires = expires};
}

}  // namespace seatrial::registry
