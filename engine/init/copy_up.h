// Option tmpcopyup: a new tmpfs starts with what the directory under it holds.
#pragma once

#include "engine/init/run.h"

namespace seatrial::init {

// Copies what the directory `from` (O_PATH) holds into the root of the detached mount `to`:
// directories, files and symbolic links, with mode and owner. Other kinds of files are left out.
Result copy_up(int from, int to);

}  // namespace seatrial::init
