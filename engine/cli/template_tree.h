// A template of --format as a tree: what the parser leaves for the renderer. The grammar is that of
// Go's text/template, but for define, template and block.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace seatrial::engine_cli::templates {

struct Pipeline;

// One word of a command: where its value comes from, and the fields then taken of it.
struct Operand {
  enum class Source { kDot, kVariable, kLiteral, kFunction, kPipeline };
  Source source = Source::kDot;
  std::string name = {};  // of the variable, "$" first, or of the function
  nlohmann::json literal = {};
  std::shared_ptr<const Pipeline> inner = nullptr;  // what stands in parentheses
  std::vector<std::string> fields = {};
};

using Command = std::vector<Operand>;

struct Pipeline {
  std::string action = {};                  // as it stands in the template, for complaints
  std::vector<std::string> variables = {};  // two only in range: key and value
  bool declares = false;                    // := rather than =
  std::vector<Command> commands = {};
};

struct Node {
  enum class Kind { kText, kValue, kIf, kRange, kWith, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::string text = {};
  Pipeline pipeline = {};
  std::vector<Node> body = {};
  std::vector<Node> otherwise = {};
};

// Throws Error{kInvalidArgument}: "template parsing error: ..." naming the action.
std::vector<Node> parse(std::string_view text);

Error refused(std::string_view action, std::string_view why);

}  // namespace seatrial::engine_cli::templates
