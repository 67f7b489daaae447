// docker's config.json, as far as registries are concerned: who logs in where. Parsing is pure and
// fuzzed; no message ever shows a secret.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace seatrial::registry {

struct Credentials {
  std::string user = {};
  std::string password = {};
  std::string identity_token = {};  // an OAuth2 refresh token; counts before user and password
  std::string registry_token = {};  // a bearer token as it is; counts before everything
};

class AuthFile {
 public:
  AuthFile() = default;  // no credentials at all

  // `name` opens every message. Throws Error{kInvalidArgument}.
  static AuthFile parse(std::string_view text, std::string name);

  // An absent file is one without credentials. Throws Error naming the path.
  static AuthFile load(const std::filesystem::path& path);

  // What `docker login REGISTRY` stored; `registry` is HOST or HOST:PORT, "docker.io" for the Hub.
  std::optional<Credentials> find(std::string_view registry) const;

  // The credential helper that the file names for the registry; "" for none. Helpers are programs
  // of others, and this room runs none: the name is for the message.
  std::string helper(std::string_view registry) const;

  const std::string& name() const { return name_; }

 private:
  std::string name_ = "no credentials file";
  std::map<std::string, Credentials, std::less<>> auths_;    // by registry
  std::map<std::string, std::string, std::less<>> helpers_;  // by registry
  std::string store_;
};

}  // namespace seatrial::registry
