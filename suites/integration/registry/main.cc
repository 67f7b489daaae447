#include <fmt/format.h>

#include "engine/base/error.h"
#include "harness/core/feature.h"
#include "harness/core/process.h"
#include "harness/fixtures/host_network.h"
#include "harness/fixtures/suite_main.h"
#include "suites/integration/registry/registry_case.h"

using namespace seatrial::harness;  // NOLINT: a program's main

namespace {

const std::string kNoDigest = "sha256:" + std::string(64, '0');

bool own_network(const std::string& spec) {
  return registry_suite::Peer::is_own(spec);
}

void bring_in(CaseSite& site, const TargetInfo*) {
  if (own_network(site.target_spec)) bring_up_loopback();
}

// "docker-registry github.com/docker/distribution 2.8.2+ds1"
std::string version_of_own() {
  const Outcome outcome = run_command({"/usr/bin/docker-registry", "--version"});
  const std::size_t blank = outcome.output.find_last_of(' ');
  if (!outcome.succeeded() || blank == std::string::npos) return "unknown";
  return outcome.output.substr(blank + 1, outcome.output.find('\n') - blank - 1);
}

// A question about what is not there tells a registry that has the interface from one that has not.
void look_at(const registry_suite::Peer& peer, Feature feature, const std::string& method,
             const std::string& path, TargetInfo& info) {
  const RegistryAnswer answer = peer.target().send({.method = method, .path = path});
  const std::string name(to_string(feature));
  const bool refused = answer.status == 405 || answer.status == 400 ||
                       (feature == Feature::kReferrers && answer.status == 404);
  if (refused) {
    info.missing.push_back(
        fmt::format("{}: {} answers {} to {} of {}", name, info.name, answer.status, method, path));
  } else {
    info.features.push_back(name);
  }
}

// Registries may say 404 to everything below a repository that is not there.
void make_repository(const RegistryTarget& registry, const std::string& repository) {
  const std::string content = "{}";
  const std::string digest = sha256_digest(content);
  const RegistryAnswer started =
      registry.send({.method = "POST", .path = repository + "blobs/uploads/"});
  registry.send({.method = "PUT",
                 .path = registry_suite::with_digest(started.header("Location"), digest),
                 .body = content});
  registry.send(
      {.method = "PUT",
       .path = repository + "manifests/probe",
       .headers = {{"Content-Type", registry_suite::kManifest}},
       .body = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":)"
                           R"("application/vnd.oci.image.config.v1+json","digest":"{}","size":2}},)"
                           R"("layers":[]}})",
                           registry_suite::kManifest, digest)});
}

TargetInfo describe(CaseSite& site) {
  const bool own = registry_suite::Peer::is_own(site.target_spec);
  const registry_suite::Peer peer(site.target_spec);
  const RegistryAnswer answer = peer.target().send({});
  if (answer.status != 200) {
    throw seatrial::error(seatrial::Kind::kUnavailable, "{}: /v2/ answers {}", peer.target().url(),
                          answer.status);
  }
  TargetInfo info{.spec = site.target_spec,
                  .name = own ? "docker-registry" : peer.target().url(),
                  .version = own ? version_of_own() : "unknown",
                  .oci_version = {},
                  .features = {},
                  .missing = {}};
  const std::string repository = "/v2/trial/probe/";
  make_repository(peer.target(), repository);
  look_at(peer, Feature::kReferrers, "GET", repository + "referrers/" + kNoDigest, info);
  look_at(peer, Feature::kDeleteManifests, "DELETE", repository + "manifests/" + kNoDigest, info);
  look_at(peer, Feature::kDeleteBlobs, "DELETE", repository + "blobs/" + kNoDigest, info);
  return info;
}

}  // namespace

int main(int argc, char** argv) {
  return suite_main(argc, argv, "registry",
                    {.targets = {"registry:*"},
                     .bring_in = bring_in,
                     .describe = describe,
                     .own_network = own_network});
}
