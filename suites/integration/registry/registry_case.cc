#include "suites/integration/registry/registry_case.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "harness/core/engine_failure.h"
#include "harness/fixtures/case_site.h"

namespace registry_suite {

Peer::Peer(const std::string& spec) {
  std::string url = spec.substr(spec.find(':') + 1);
  if (url == "docker-registry") {
    const std::string missing = DockerRegistry::missing();
    if (!missing.empty()) throw seatrial::error(seatrial::Kind::kUnavailable, "{}", missing);
    own_ = std::make_unique<DockerRegistry>();
    url = own_->url();
  }
  target_ = std::make_unique<RegistryTarget>(std::move(url));
}

void raise_loopback() {
  const seatrial::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!fd || ::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) {
    throw seatrial::sys_error(errno, "raise the loopback interface");
  }
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
