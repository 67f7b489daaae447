// What a job leaves in a directory, on its way to the host.
#pragma once

#include <string>

namespace seatrial::lane::guest {

// Sends the regular files below `path`, called NAME/... there. What is absent is not sent.
void send_directory(const std::string& path, const std::string& name);

}  // namespace seatrial::lane::guest
