// HOME of a container's user, where the configuration is silent: what runc's callers rely on.
#pragma once

#include <string>
#include <string_view>

#include "engine/spec/config.h"

namespace seatrial::runtime {

// The home that this passwd(5) file gives the user; "/" for one that it does not have.
std::string home_in(std::string_view passwd, std::uint32_t uid);

// Adds HOME to an environment that has none, or an empty one. The file is the rootfs' own as the
// host sees it, or the one that a mount of `config` puts there; never looked at through the
// container, whose file systems could make the reader wait for ever.
void add_home(spec::Process& process, const spec::Config& config, const std::string& rootfs);

}  // namespace seatrial::runtime
