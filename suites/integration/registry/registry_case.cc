#include "suites/integration/registry/registry_case.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "engine/base/error.h"
#include "harness/core/engine_failure.h"
#include "harness/fixtures/case_site.h"

namespace registry_suite {
namespace {

constexpr std::string_view kOwn = "registry:docker-registry";
constexpr std::string_view kOwnSetUp = "registry:docker-registry+";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool Peer::is_own(const std::string& spec) {
  return spec == kOwn || spec.starts_with(kOwnSetUp);
}

Peer::Peer(const std::string& spec) {
  if (!is_own(spec)) {
    target_ = std::make_unique<RegistryTarget>(
        spec.substr(spec.find(':') + 1),
        seatrial::harness::RegistryAccess{.login = from_environment("SEATRIAL_REGISTRY_LOGIN"),
                                          .authority = from_environment("SEATRIAL_REGISTRY_CA")});
    return;
  }
  const std::string set_up = spec.substr(kOwn.size());
  if (!set_up.empty() && set_up != "+htpasswd" && set_up != "+tls") {
    throw seatrial::error(seatrial::Kind::kInvalidArgument,
                          "docker-registry has no set-up \"{}\": there are +htpasswd and +tls",
                          set_up);
  }
  const RegistryOptions options{.password = set_up == "+htpasswd", .tls = set_up == "+tls"};
  const std::string missing = DockerRegistry::missing(options);
  if (!missing.empty()) throw seatrial::error(seatrial::Kind::kUnavailable, "{}", missing);
  own_ = std::make_unique<DockerRegistry>(options);
  seatrial::harness::RegistryAccess access;
  if (options.password) {
    access.login = fmt::format("{}:{}", DockerRegistry::kUser, DockerRegistry::kPassword);
  }
  if (options.tls) access.authority = own_->certificate();
  target_ = std::make_unique<RegistryTarget>(own_->url(), std::move(access));
}

std::string with_digest(const std::string& location, const std::string& digest) {
  return location + (location.find('?') == std::string::npos ? "?" : "&") + "digest=" + digest;
}

RegistryCase::RegistryCase()
    : peer_(current_site().target_spec),
      repository_(fmt::format("trial/{}-{:08x}", ::getpid(), std::random_device()())) {}

RegistryAnswer RegistryCase::send(const std::string& method, const std::string& where,
                                  const Headers& headers, const std::string& body) const {
  return peer_.target().send({.method = method, .path = where, .headers = headers, .body = body});
}

std::string RegistryCase::start_upload(Where where) const {
  const RegistryAnswer answer = send("POST", path("blobs/uploads/"));
  if (answer.status != 202 || answer.header("Location").empty()) {
    throw EngineFailure(fmt::format("an upload does not start: {} {}", answer.status, answer.body),
                        where);
  }
  return answer.header("Location");
}

std::string RegistryCase::push_blob(const std::string& bytes, Where where) const {
  const std::string digest = sha256_digest(bytes);
  const RegistryAnswer answer = send("PUT", with_digest(start_upload(where), digest), {}, bytes);
  if (answer.status != 201) {
    throw EngineFailure(fmt::format("a blob is not taken: {} {}", answer.status, answer.body),
                        where);
  }
  return digest;
}

std::string RegistryCase::push_manifest(const std::string& name, const std::string& bytes,
                                        const std::string& type, Where where) const {
  const RegistryAnswer answer =
      send("PUT", path("manifests/" + name), {{"Content-Type", type}}, bytes);
  if (answer.status != 201) {
    throw EngineFailure(fmt::format("a manifest is not taken: {} {}", answer.status, answer.body),
                        where);
  }
  return sha256_digest(bytes);
}

std::string RegistryCase::manifest_of(const std::string& word, const std::string& more,
                                      Where where) const {
  const std::string config =
      fmt::format(R"({{"architecture":"amd64","os":"linux","w":"{}"}})", word);
  const std::string layer = "layer of " + word;
  return fmt::format(
      R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":)"
      R"("application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{)"
      R"("mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}","size":{}}}]{}}})",
      kManifest, push_blob(config, where), config.size(), push_blob(layer, where), layer.size(),
      more);
}

}  // namespace registry_suite
