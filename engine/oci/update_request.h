// What `update` is asked to change, from its command line.
#pragma once

#include "engine/base/given_options.h"
#include "engine/spec/config.h"

namespace seatrial::oci {

struct UpdateRequest {
  spec::Resources resources = {};
  std::vector<std::string> schemata = {};  // lines for the class of linux.intelRdt
};

// The limits that the options of `update` name, or those of the document of --resources ("-" is
// standard input); neither changes nothing. Throws Error{kInvalidArgument} naming the option and
// its value, and when a document comes with other options.
UpdateRequest update_request(const GivenOptions& options);

// Bytes as parse_size() has them, or -1 for "no limit". Throws Error{kInvalidArgument} naming the
// option.
std::int64_t parse_limit(std::string_view option, std::string_view text);

}  // namespace seatrial::oci
