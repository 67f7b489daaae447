// The part of Go's templates that --format is used with, over JSON: {{.A.B}}, {{json .A}},
// {{.A | json}}, {{index .A "key"}}, {{len .A}}, {{join .A ","}}, {{upper .A}}, {{lower .A}},
// {{println .A}}, {{if .A}} {{else}} {{end}}, {{range .A}} {{end}}, {{with .A}} {{end}}.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace seatrial::engine_cli {

// Throws Error{kInvalidArgument}: "template parsing error: ..." naming the action.
std::string render(std::string_view text, const nlohmann::json& value);

// "\t" and "\n" as two characters, as shells hand them over, become one.
std::string unescaped(std::string_view text);

}  // namespace seatrial::engine_cli
