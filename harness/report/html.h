// The report as one HTML page that needs nothing but itself.
#pragma once

#include <filesystem>
#include <string>

#include "harness/catalogue/catalogue.h"
#include "harness/report/report.h"

namespace seatrial::harness {

// The whole page: targets, matrix, filter, the detail of everything that did not pass, all cases.
// Readable without scripts; whatever an engine printed is escaped.
std::string print_html(const Report& report, const Catalogue& catalogue);

// Writes it as DIR/index.html; DIR is made when absent.
void write_html(const Report& report, const Catalogue& catalogue, const std::filesystem::path& dir);

}  // namespace seatrial::harness
