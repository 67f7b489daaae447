// One blob from a registry into the store, from wherever an earlier attempt broke off.
#pragma once

#include <stop_token>
#include <string>

#include "engine/image/blob_store.h"
#include "engine/registry/progress.h"
#include "engine/registry/session.h"
#include "engine/spec/image.h"

namespace seatrial::registry {

// The blob has the descriptor's digest and size when this returns: both are checked while it
// streams, and a byte too many ends the transfer. A broken connection is taken up again with Range,
// as often as Patience says (an attempt that brought 1 MiB does not count); what is there by then
// is kept for a later call, except when the server lied. A server that ignores Range, or sends
// another range than asked for, is started again from the first byte.
//
// Throws Error naming the digest.
void download_blob(Session& session, const std::string& repository, const Scopes& scopes,
                   const spec::Descriptor& blob, const image::BlobStore& store,
                   Announcer& announcer, const std::stop_token& stop);

}  // namespace seatrial::registry
