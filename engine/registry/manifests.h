// Manifests and indexes of one repository: exactly the bytes that were hashed are parsed.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/registry/session.h"
#include "engine/spec/image.h"

namespace seatrial::registry {

struct Fetched {
  spec::Descriptor descriptor = {};  // as the bytes have it, whatever the registry claims
  std::string bytes = {};
};

// `name` is a tag or a digest. Bytes, Docker-Content-Digest and `name`, where it is a digest, must
// agree. Throws Error naming the manifest.
Fetched get_manifest(Session& session, const std::string& repository, const std::string& name,
                     const Scopes& scopes, const std::stop_token& stop);

// What HEAD says, which nobody has verified; by get_manifest() where a registry knows no HEAD or
// leaves the digest out.
spec::Descriptor head_manifest(Session& session, const std::string& repository,
                               const std::string& name, const Scopes& scopes,
                               const std::stop_token& stop);

void put_manifest(Session& session, const std::string& repository, const std::string& name,
                  const Fetched& manifest, const Scopes& scopes, const std::stop_token& stop);

}  // namespace seatrial::registry
