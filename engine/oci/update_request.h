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
// standard input). Throws Error{kInvalidArgument} naming the option and its value, when nothing is
// to be changed, and when a document comes with other options.
UpdateRequest update_request(const GivenOptions& options);

// Bytes: a number, with b, k, m, g or t behind it in powers of 1024, or -1 for "no limit". Throws
// Error{kInvalidArgument} naming the option.
std::int64_t parse_size(std::string_view option, std::string_view text);

}  // namespace seatrial::oci
