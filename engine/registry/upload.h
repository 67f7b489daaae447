// One blob from the store into a registry.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "engine/image/blob_store.h"
#include "engine/registry/progress.h"
#include "engine/registry/session.h"
#include "engine/spec/image.h"

namespace seatrial::registry {

struct UploadOptions {
  std::string mount_from = {};  // a repository of the same registry that may have the blob; or ""
  std::uint64_t chunk = 0;      // bytes a PATCH; 0: one PUT with all of it
};

// Sends nothing when the repository has the blob or can mount it. An upload that breaks off starts
// again, as often as Patience says. Throws Error naming the digest.
void upload_blob(Session& session, const std::string& repository, const Scopes& scopes,
                 const spec::Descriptor& blob, const image::BlobStore& store,
                 const UploadOptions& options, Announcer& announcer, const std::stop_token& stop);

}  // namespace seatrial::registry
