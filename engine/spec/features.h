// The features document (features.md, features-linux.md): what this build takes in a config.json.
// Made of the tables that the parser reads, and, where there is no table, by parsing what is asked
// about: it cannot promise what parse_config() does not take.
#pragma once

#include <map>
#include <string>

namespace seatrial::spec {

inline constexpr const char* kOldestVersion = "1.0.0";
inline constexpr const char* kNewestVersion = "1.3.0";

// The same on every host.
std::string print_features(const std::map<std::string, std::string>& annotations);

}  // namespace seatrial::spec
