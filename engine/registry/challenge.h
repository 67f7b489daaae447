// What a server that answers 401 asks for: the WWW-Authenticate field of RFC 9110, section 11.6.1.
// Pure, fuzzed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::registry {

struct Challenge {
  std::string scheme = {};                             // lower case: "bearer"
  std::map<std::string, std::string> parameters = {};  // by lower-case name, unquoted

  // The value of a parameter, or "".
  std::string_view get(std::string_view name) const;
};

// The challenges of one field, in order. A parameter that stands twice keeps its first value. Never
// throws: what follows a syntax error is dropped, because whole challenges before it can still be
// answered.
std::vector<Challenge> parse_challenges(std::string_view field);

}  // namespace seatrial::registry
