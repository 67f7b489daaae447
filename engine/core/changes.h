// Changes to an image's configuration: Dockerfile instructions of commit and import, and what a
// container's creator asked for.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/container_types.h"
#include "engine/spec/image.h"

namespace seatrial::core {

// "CMD [\"a\"]", "ENV K=V", "EXPOSE 80", ... Takes CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD,
// STOPSIGNAL, USER, VOLUME, WORKDIR. Throws Error{kInvalidArgument} naming the instruction.
void apply_change(std::string_view instruction, spec::RunConfig& config);

// The container's own settings in place of the image's.
void take_request(const ContainerRequest& request, spec::RunConfig& config);

// Whether a filter such as "busybox", "busybox:1*" or "*/app" fits the name, as docker's does: a
// pattern without tag fits every tag.
bool reference_matches(const std::string& name, const std::string& pattern);

}  // namespace seatrial::core
