// Go's text/template over JSON, as --format of docker has it: fields, variables, pipes,
// parentheses, {{- -}}, if, range and with, Go's functions and docker's (json, join, split, title,
// upper, lower, pad, truncate). What it lacks, it refuses: define, template, block, and functions
// for web pages.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::engine_cli {

namespace templates {
struct Node;
}

class Template {
 public:
  // Throws Error{kInvalidArgument}: "template parsing error: ..." naming the action.
  explicit Template(std::string_view text);

  struct Aids {
    // What .Label "NAME" gives; without it, documents have no such method.
    std::function<std::string(const std::string&)> label = {};
    // The values are a table's headings: docker's functions leave them as they are.
    bool headings = false;
  };
  // Throws as the constructor does.
  std::string render(const nlohmann::json& value, const Aids& aids) const;
  std::string render(const nlohmann::json& value) const { return render(value, Aids()); }

 private:
  std::shared_ptr<const std::vector<templates::Node>> nodes_;
};

// One template for one value.
std::string render(std::string_view text, const nlohmann::json& value);

// "\t" and "\n" as two characters, as shells hand them over, become one.
std::string unescaped(std::string_view text);

}  // namespace seatrial::engine_cli
