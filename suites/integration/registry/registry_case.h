// What cases of registries share: a repository of the case's own, and the usual ways to fill it.
#pragma once

#include <memory>
#include <ostream>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "harness/fixtures/case.h"
#include "harness/fixtures/docker_registry.h"
#include "harness/fixtures/image_layout.h"
#include "harness/target/registry_target.h"

namespace seatrial::harness {

// For messages of failed expectations; gtest finds it beside the type.
inline void PrintTo(const RegistryAnswer& answer, std::ostream* out) {
  *out << answer.status << ' ' << answer.body.substr(0, 300);
}

}  // namespace seatrial::harness

namespace registry_suite {

using Where = std::source_location;
using Headers = std::vector<std::pair<std::string, std::string>>;
using seatrial::harness::RegistryAnswer;
using seatrial::harness::RegistryCall;
using seatrial::harness::RegistryTarget;

inline constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kAccept =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

// A registry that a spec names: "registry:URL", with $SEATRIAL_REGISTRY_LOGIN (USER:PASSWORD) and
// $SEATRIAL_REGISTRY_CA (a PEM file) where it needs them; or one of its own in the caller's
// network: "registry:docker-registry", "registry:docker-registry+htpasswd",
// "registry:docker-registry+tls".
class Peer {
 public:
  static bool is_own(const std::string& spec);

  explicit Peer(const std::string& spec);
  const RegistryTarget& target() const { return *target_; }

 private:
  std::unique_ptr<seatrial::harness::DockerRegistry> own_;
  std::unique_ptr<RegistryTarget> target_;
};

// "…?digest=…" or "…&digest=…".
std::string with_digest(const std::string& location, const std::string& digest);

class RegistryCase : public seatrial::harness::Trial {
 protected:
  RegistryCase();

  // Of the case alone, also on a registry that others use.
  const std::string& repository() const { return repository_; }
  std::string path(const std::string& rest) const { return "/v2/" + repository_ + "/" + rest; }

  RegistryAnswer send(const std::string& method, const std::string& where,
                      const Headers& headers = {}, const std::string& body = {}) const;
  RegistryAnswer get(const std::string& where, const Headers& headers = {}) const {
    return send("GET", where, headers);
  }
  RegistryAnswer head(const std::string& where, const Headers& headers = {}) const {
    return send("HEAD", where, headers);
  }

  // Set-ups that any registry must take; EngineFailure where it does not. They return digests.
  std::string start_upload(Where where = Where::current()) const;
  std::string push_blob(const std::string& bytes, Where where = Where::current()) const;
  std::string push_manifest(const std::string& name, const std::string& bytes,
                            const std::string& type = kManifest,
                            Where where = Where::current()) const;
  // A manifest of a config and one layer, which are pushed; distinct for each `word`.
  std::string manifest_of(const std::string& word, const std::string& more = {},
                          Where where = Where::current()) const;

 private:
  Peer peer_;
  std::string repository_;
};

// A 4xx answer that is JSON as the specification has it; its first code.
MATCHER_P(Error, code, "is an error document with the code " + std::string(code)) {
  return arg.body.starts_with("{") && arg.body.find("\"errors\"") != std::string::npos &&
         arg.body.find("\"code\":\"" + std::string(code) + "\"") != std::string::npos &&
         arg.body.find("\"message\"") != std::string::npos;
}

MATCHER_P(Status, status, "has the status " + ::testing::PrintToString(status)) {
  *result_listener << "it has " << arg.status << " with " << arg.body.substr(0, 300);
  return arg.status == static_cast<unsigned>(status);
}

}  // namespace registry_suite

namespace {
using Trial = registry_suite::RegistryCase;  // NOLINT: found before the harness' own
}
using namespace registry_suite;  // NOLINT: case files are leaves
