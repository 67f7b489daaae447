// Words of a Dockerfile's instruction: quotes, backslashes and variables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::core {

// What a word says. '...' is literal; in "..." a backslash keeps its kind, quotes and $, elsewhere
// any character. $VAR, ${VAR}, ${VAR:-default} and ${VAR:+other} are taken from `env`, entries of
// K=V; what it lacks is empty. Throws Error{kInvalidArgument} for what has no end, and for other
// modifiers.
std::string said(std::string_view word, const std::vector<std::string>& env);

}  // namespace seatrial::core
