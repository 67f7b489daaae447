// The functions of a template: Go's own and docker's. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::engine_cli::templates {

// Also "and" and "or", which the renderer calls itself, since they leave out what need not be
// evaluated.
bool is_function(std::string_view name);

// Throws Error with the reason of a refusal alone: the renderer names the action.
nlohmann::json call(std::string_view name, const std::vector<nlohmann::json>& arguments);

// As Go prints a value with %v; null inside another value is "<nil>".
std::string shown(const nlohmann::json& value);
bool truth(const nlohmann::json& value);
// "string", "int", "map": for complaints.
std::string_view type_of(const nlohmann::json& value);

// printf of Go, as far as its verbs print texts, numbers and truths.
std::string formatted(std::string_view format, const std::vector<nlohmann::json>& arguments,
                      std::size_t first);

}  // namespace seatrial::engine_cli::templates
