#include "engine/registry/auth_file.h"

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/registry/fields.h"
#include "engine/spec/json_document.h"
#include "engine/spec/json_reader.h"

namespace seatrial::registry {
namespace {

// Keys come as "HOST", "https://HOST/v1/", "https://index.docker.io/v1/": one registry, one name.
// A path that is not an API version names something else than a registry.
std::string registry_of(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  const std::size_t slash = key.find('/');
  if (slash != key.npos) {
    std::string_view path = key.substr(slash);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty() || path == "/v1" || path == "/v2") key = key.substr(0, slash);
  }
  if (key == "index.docker.io" || key == "registry-1.docker.io") return "docker.io";
  return std::string(key);
}

// Only a key that is the name itself, not a URL around it.
bool is_exact(std::string_view key) {
  return registry_of(key) == key;
}

Credentials read_entry(const spec::Reader& entry) {
  Credentials result{.user = entry.string_or_empty("username"),
                     .password = entry.string_or_empty("password"),
                     .identity_token = entry.string_or_empty("identitytoken"),
                     .registry_token = entry.string_or_empty("registrytoken")};
  const std::string auth = entry.string_or_empty("auth");
  if (auth.empty()) return result;
  const std::optional<std::string> pair = decode_base64(auth);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) {  // the value is a secret: it stays out of the message
    entry.find("auth")->refuse_whole("is not base64 of USER:PASSWORD");
  }
  result.user = pair->substr(0, colon);
  result.password = pair->substr(colon + 1);
  // Docker pads the password with NULs up to a fixed size in old files.
  while (result.password.ends_with('\0')) result.password.pop_back();
  return result;
}

bool is_empty(const Credentials& entry) {
  return entry.user.empty() && entry.identity_token.empty() && entry.registry_token.empty();
}

}  // namespace

AuthFile AuthFile::parse(std::string_view text, std::string name) {
  const spec::Document document(text, name);
  const spec::Reader root(document);
  AuthFile file;
  file.name_ = std::move(name);
  if (const auto auths = root.find("auths")) {
    for (const auto& [key, value] : auths->members()) {
      Credentials entry = read_entry(value);
      if (is_empty(entry)) continue;  // docker leaves {} where a credential store has the secret
      if (is_exact(key)) {
        file.auths_.insert_or_assign(key, std::move(entry));
      } else {
        file.auths_.try_emplace(registry_of(key), std::move(entry));
      }
    }
  }
  if (const auto helpers = root.find("credHelpers")) {
    for (const auto& [key, value] : helpers->members()) {
      file.helpers_.insert_or_assign(registry_of(key), value.string());
    }
  }
  file.store_ = root.string_or_empty("credsStore");
  return file;
}

AuthFile AuthFile::load(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path, 4u << 20);
  } catch (const Error& failure) {
    if (failure.sys_errno() != ENOENT) throw;
    AuthFile none;
    none.name_ = path.native();
    return none;
  }
  return parse(text, path.native());
}

std::optional<Credentials> AuthFile::find(std::string_view registry) const {
  const auto found = auths_.find(registry);
  if (found == auths_.end()) return std::nullopt;
  return found->second;
}

std::string AuthFile::helper(std::string_view registry) const {
  const auto found = helpers_.find(registry);
  return found == helpers_.end() ? store_ : found->second;
}

}  // namespace seatrial::registry
