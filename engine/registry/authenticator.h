// Answers a registry's 401: Basic, or a Bearer token from the service that the challenge names.
// https://distribution.github.io/distribution/spec/auth/token/ and .../oauth/.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/registry/auth_file.h"
#include "engine/registry/challenge.h"
#include "engine/registry/hosts.h"
#include "engine/registry/http.h"
#include "engine/registry/patience.h"

namespace seatrial::registry {

using Scopes = std::vector<std::string>;  // "repository:a/b:pull"

// What the rooms above configure once and every session shares. Thread-safe as a whole.
struct Surroundings {
  Http& http;
  const Hosts& hosts;
  const AuthFile& auth_file;
  Patience patience;
};

// Thread-safe. Credentials are sent to nobody before the registry asked for them.
class Authenticator {
 public:
  Authenticator(const Surroundings& around, std::string registry);

  // The value of an Authorization field that held for these scopes before; "" for none yet.
  std::string current(const Scopes& scopes) const;

  // The value to answer the 401 `refused` with, which came although `rejected` was sent ("" for
  // nothing). Several callers with one problem fetch one token. Throws Error{kDenied} when there is
  // no answer, naming what is missing.
  std::string renew(const HttpResponse& refused, const Scopes& scopes, const std::string& rejected,
                    const std::stop_token& stop);

  // Why a registry that knows no better may have refused: "no credentials for HOST in FILE". Empty
  // when credentials were used.
  std::string hint() const;

 private:
  struct Token {
    std::string value;
    std::chrono::steady_clock::time_point expires;
  };

  std::string answer(const Challenge& challenge, const Url& asked, const Scopes& scopes,
                     const std::stop_token& stop);
  HttpRequest token_request(const Challenge& challenge, const Url& asked,
                            const Scopes& scopes) const;
  Token fetch_token(const HttpRequest& request, const std::stop_token& stop);

  const Surroundings& around_;
  std::string registry_;
  std::optional<Credentials> credentials_;

  std::mutex fetching_;       // one token at a time; taken before mutex_
  mutable std::mutex mutex_;  // guards what follows
  std::string basic_;         // for every scope, once the registry asked for it
  std::map<Scopes, Token> tokens_;
};

}  // namespace seatrial::registry
