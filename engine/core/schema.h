// The database's tables.
#pragma once

#include "engine/core/database.h"

namespace seatrial::core {

// Makes the tables, and the networks that are always there, in a new file; brings an old one up to
// date. Several processes may come here at once. Throws Error{kUnsupported} for a file that a later
// version wrote.
void apply_schema(Database& database);

}  // namespace seatrial::core
