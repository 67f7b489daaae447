// The parts of the HTML page, each a function from the report to markup. Only html.cc puts them
// together.
#pragma once

#include <string>
#include <string_view>

#include "harness/report/tally.h"

namespace seatrial::harness::html {

// Text for an element or a quoted attribute: made visible, then & < > " ' escaped.
std::string text(std::string_view bytes);

// The anchor of a result's detail; `index` is its place in the report.
std::string detail_id(std::size_t index);

std::string target_cards(const Report& report, const Overview& all);
std::string matrix(const Report& report, const Overview& all);
std::string filter_box(const Overview& all);
std::string details(const Report& report, const Catalogue& catalogue);
std::string cases(const Report& report, const Catalogue& catalogue, const Overview& all);

}  // namespace seatrial::harness::html
