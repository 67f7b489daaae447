// Lists, sizes and ages as docker prints them. Pure, but for print_rows().
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/command_line.h"
#include "engine/core/container_types.h"

namespace seatrial::engine_cli {

// Three digits, powers of 1000: "1.24MB". `digits`: of docker's HumanSize, 4 elsewhere.
std::string human_size(double bytes, int digits = 3);
// Four digits, powers of 1024: "1.5GiB".
std::string binary_size(double bytes);
// "5 minutes ago"
std::string age(core::Time then, core::Time now);
// At most `width` characters, the last one "…" when something was cut.
std::string shortened(std::string_view text, std::size_t width);
// "0.0.0.0:8080->80/tcp, 443/tcp"; neighbours become ranges.
std::string ports_text(std::vector<core::PortBinding> published,
                       const std::vector<std::string>& exposed);
// A complaint without what only we can read: "run 7c3f..: step 53 of 55, exec: \"x\": executable
// file not found in $PATH: ENOENT (No such file or directory)" ends after "$PATH".
std::string for_users(std::string_view sentence);
// "a=1,b=2"
std::string labels_text(const core::Labels& labels);

// An object of texts by field, as --format names them, and what .Label "KEY" looks in.
struct Row {
  Row(nlohmann::json of_fields, core::Labels of_labels = {})
      : fields(std::move(of_fields)), labels(std::move(of_labels)) {}
  nlohmann::json fields;
  core::Labels labels;
};

// A list as docker shows it unless --format says otherwise.
struct Listing {
  std::vector<std::pair<std::string, std::string>> columns;  // field and heading, as shown
  std::map<std::string, std::string> other_headings = {};    // of fields not shown unless asked
  std::string quiet_field;
};

// What --format (or -q) makes of the rows, with newlines.
std::string list_text(const Listing& listing, const GivenOptions& options,
                      const std::vector<Row>& rows);
void print_rows(const Listing& listing, const GivenOptions& options, const std::vector<Row>& rows);

// Cells are at least ten wide, three spaces apart, the last of a line not padded.
std::string aligned(const std::vector<std::string>& lines);

// Writes to standard output. Throws Error, also when nobody reads it any more.
void print_out(std::string_view text);

}  // namespace seatrial::engine_cli
