#include "engine/cli/template.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/cli/template_functions.h"
#include "engine/cli/template_tree.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;
using namespace templates;

constexpr std::string_view kOfHeadings[] = {"json", "title", "lower", "upper", "truncate"};

class Renderer {
 public:
  Renderer(const json& value, const Template::Aids& aids)
      : root_(value), aids_(aids), variables_{{"$", value}} {}

  // What {{break}} and {{continue}} leave.
  enum class Flow { kOn, kBreak, kContinue };

  Flow render(const std::vector<Node>& nodes, const json& dot) {
    for (const Node& node : nodes) {
      const Flow flow = render(node, dot);
      if (flow != Flow::kOn) return flow;
    }
    return Flow::kOn;
  }

  std::string out;

 private:
  Flow render(const Node& node, const json& dot) {
    using enum Node::Kind;
    if (node.kind == kBreak) return Flow::kBreak;
    if (node.kind == kContinue) return Flow::kContinue;
    if (node.kind == kText) {
      out += node.text;
      return Flow::kOn;
    }
    const std::size_t outer = variables_.size();
    const json value = value_of(node.pipeline, dot);
    if (node.kind == kValue) {
      assign(node.pipeline, {value});
      if (node.pipeline.variables.empty()) out += value.is_null() ? "<no value>" : shown(value);
      return Flow::kOn;
    }
    Flow flow = Flow::kOn;
    if (node.kind == kRange) {
      flow = range(node, value, dot);
    } else {
      assign(node.pipeline, {value});
      const bool taken = truth(value);
      flow = render(taken ? node.body : node.otherwise, taken && node.kind == kWith ? value : dot);
    }
    variables_.resize(outer);
    return flow;
  }

  Flow range(const Node& node, const json& value, const json& dot) {
    if (!value.is_structured() && !value.is_null()) {
      throw refused(node.pipeline.action, "range can't iterate over " + shown(value));
    }
    if (value.empty()) return render(node.otherwise, dot);
    std::size_t number = 0;
    for (const auto& [key, each] : value.items()) {
      const std::size_t outer = variables_.size();
      const json place = value.is_array() ? json(number++) : json(key);
      if (node.pipeline.variables.size() == 1) {
        assign(node.pipeline, {each});
      } else {
        assign(node.pipeline, {place, each});
      }
      const Flow flow = render(node.body, each);
      variables_.resize(outer);
      if (flow == Flow::kBreak) break;
    }
    return Flow::kOn;
  }

  void assign(const Pipeline& pipeline, const std::vector<json>& values) {
    for (std::size_t at = 0; at < pipeline.variables.size(); ++at) {
      if (pipeline.declares) {
        variables_.emplace_back(pipeline.variables[at], values[at]);
      } else {
        variable(pipeline.variables[at]) = values[at];
      }
    }
  }

  // The parser has seen to it that there is one.
  json& variable(const std::string& name) {
    std::size_t at = variables_.size() - 1;
    while (at > 0 && variables_[at].first != name) --at;
    return variables_[at].second;
  }

  json value_of(const Pipeline& pipeline, const json& dot) {
    std::optional<json> piped;
    for (const Command& command : pipeline.commands) {
      piped = value_of(pipeline, command, piped, dot);
    }
    return std::move(*piped);
  }

  json value_of(const Pipeline& pipeline, const Command& command, const std::optional<json>& piped,
                const json& dot) {
    const Operand& first = command[0];
    const bool method = aids_.label && first.source == Operand::Source::kDot &&
                        first.fields == std::vector<std::string>{"Label"} && &dot == &root_;
    if (first.source == Operand::Source::kFunction && (first.name == "and" || first.name == "or")) {
      return either(pipeline, command, piped, dot);
    }
    const bool has_arguments = command.size() > 1 || piped;
    if (first.source != Operand::Source::kFunction && !method) {
      if (has_arguments)
        throw refused(pipeline.action, "can't give argument to what is no function");
      return value_of(pipeline, first, dot);
    }
    std::vector<json> arguments;
    for (std::size_t at = 1; at < command.size(); ++at) {
      arguments.push_back(value_of(pipeline, command[at], dot));
    }
    if (piped) arguments.push_back(*piped);
    return method ? label(pipeline, arguments) : called(pipeline, first.name, arguments);
  }

  json label(const Pipeline& pipeline, const std::vector<json>& arguments) const {
    if (arguments.size() != 1 || !arguments[0].is_string()) {
      throw refused(pipeline.action, "Label takes one string");
    }
    return aids_.label(arguments[0].get_ref<const std::string&>());
  }

  // The first that decides, else the last; what follows it is not evaluated.
  json either(const Pipeline& pipeline, const Command& command, const std::optional<json>& piped,
              const json& dot) {
    const bool decides = command[0].name == "or";
    if (command.size() == 1 && !piped) {
      throw refused(pipeline.action,
                    "wrong number of args for " + command[0].name + ": want at least 1 got 0");
    }
    json value;
    for (std::size_t at = 1; at < command.size(); ++at) {
      value = value_of(pipeline, command[at], dot);
      if (truth(value) == decides) return value;
    }
    return piped ? *piped : value;
  }

  json called(const Pipeline& pipeline, const std::string& name,
              const std::vector<json>& arguments) const {
    const bool left_alone =
        aids_.headings && !arguments.empty() &&
        std::find(std::begin(kOfHeadings), std::end(kOfHeadings), name) != std::end(kOfHeadings);
    if (left_alone) return arguments[0];
    try {
      return call(name, arguments);
    } catch (const Error& failure) {
      throw refused(pipeline.action, "error calling " + name + ": " + failure.what());
    }
  }

  json value_of(const Pipeline& pipeline, const Operand& operand, const json& dot) {
    using enum Operand::Source;
    switch (operand.source) {
      case kDot:
        return fields_of(pipeline, operand, dot);
      case kVariable:
        return fields_of(pipeline, operand, operand.name == "$" ? root_ : variable(operand.name));
      case kPipeline:
        return fields_of(pipeline, operand, value_of(*operand.inner, dot));
      case kFunction:
        return value_of(pipeline, Command{operand}, std::nullopt, dot);
      case kLiteral:
        break;
    }
    return operand.literal;
  }

  json fields_of(const Pipeline& pipeline, const Operand& operand, const json& from) const {
    const json* value = &from;
    for (const std::string& name : operand.fields) {
      if (value->is_null()) {
        throw refused(pipeline.action, "nil pointer evaluating field " + name);
      }
      const auto found = value->is_object() ? value->find(name) : value->end();
      if (found == value->end()) {
        // A map's missing key is no mistake, a document's is: the two look alike here. Docker
        // refuses at the top, where documents are.
        if (!value->is_object() || value == &root_) {
          throw refused(pipeline.action, "can't evaluate field " + name);
        }
        static const json kNothing;
        value = &kNothing;
      } else {
        value = &*found;
      }
    }
    return *value;
  }

  const json& root_;
  const Template::Aids& aids_;
  std::vector<std::pair<std::string, json>> variables_;
};

}  // namespace

Template::Template(std::string_view text)
    : nodes_(std::make_shared<const std::vector<Node>>(parse(text))) {}

std::string Template::render(const json& value, const Aids& aids) const {
  Renderer renderer(value, aids);
  renderer.render(*nodes_, value);
  return std::move(renderer.out);
}

std::string render(std::string_view text, const json& value) {
  return Template(text).render(value);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size();
    if (escape && (text[at + 1] == 't' || text[at + 1] == 'n')) {
      out += text[++at] == 't' ? '\t' : '\n';
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace seatrial::engine_cli
