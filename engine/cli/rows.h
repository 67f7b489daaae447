// What several lists show of a container or an image.
#pragma once

#include <vector>

#include "engine/cli/output.h"
#include "engine/core/engine.h"

namespace seatrial::engine_cli {

Row container_row(const core::ContainerSummary& container, bool truncate, core::Time now);
// An image has a row for each of its names.
void add_image_rows(const core::ImageSummary& image, bool truncate, std::vector<Row>& rows);

}  // namespace seatrial::engine_cli
