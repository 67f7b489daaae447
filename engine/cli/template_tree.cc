#include "engine/cli/template_tree.h"

#include <algorithm>

#include "engine/cli/template_functions.h"
#include "engine/cli/template_scanner.h"

namespace seatrial::engine_cli::templates {
namespace {

constexpr int kDeepest = 64;

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) {}

  std::vector<Node> whole() {
    std::vector<Node> nodes;
    std::string closed;
    block(nodes, closed, 0);
    if (!closed.empty()) throw refused(closed, "unexpected {{" + closed + "}}");
    return nodes;
  }

 private:
  // Up to the end of the text or the {{end}} or {{else}} that closes the block at hand: `closed`.
  // After {{else}} the scanner stands behind the word, for "else if".
  void block(std::vector<Node>& nodes, std::string& closed, int depth) {
    for (;;) {
      std::string text = scanner_.text_before_action();
      if (!text.empty()) nodes.push_back({.text = std::move(text)});
      if (scanner_.at_end()) return;
      take();
      if (token_.kind != Token::Kind::kWord) {
        nodes.push_back({.kind = Node::Kind::kValue, .pipeline = pipeline(false, depth)});
        finish();
        continue;
      }
      const std::string word = token_.text;
      if (word == "end" || word == "else") {
        take();
        if (word == "end") finish();
        closed = word;
        return;
      }
      statement(nodes, word, depth);
    }
  }

  void statement(std::vector<Node>& nodes, const std::string& word, int depth) {
    using enum Node::Kind;
    if (word == "if" || word == "range" || word == "with") {
      take();
      nodes.push_back(branch(word == "if" ? kIf : word == "range" ? kRange : kWith, depth));
    } else if (word == "break" || word == "continue") {
      if (ranges_ == 0) throw refused(word, "{{" + word + "}} outside {{range}}");
      take();
      finish();
      nodes.push_back({.kind = word == "break" ? kBreak : kContinue});
    } else {
      nodes.push_back({.kind = kValue, .pipeline = pipeline(false, depth)});
      finish();
    }
  }

  Node branch(Node::Kind kind, int depth) {
    if (depth > kDeepest) throw refused(scanner_.action(), "too deep");
    const std::size_t outer = variables_.size();
    Node node{.kind = kind, .pipeline = pipeline(kind == Node::Kind::kRange, depth)};
    finish();
    const std::size_t inner = variables_.size();
    std::string closed;
    ranges_ += kind == Node::Kind::kRange;
    block(node.body, closed, depth + 1);
    ranges_ -= kind == Node::Kind::kRange;
    variables_.resize(inner);
    if (closed == "else") {
      closed.clear();
      const bool chained = token_.kind == Token::Kind::kWord && kind != Node::Kind::kRange &&
                           token_.text == (kind == Node::Kind::kIf ? "if" : "with");
      if (chained) {
        // {{else if x}} is {{else}}{{if x}} whose {{end}} closes both.
        take();
        node.otherwise.push_back(branch(kind, depth + 1));
        closed = "end";
      } else {
        finish();
        block(node.otherwise, closed, depth + 1);
      }
    }
    variables_.resize(outer);
    if (closed != "end")
      throw refused(node.pipeline.action, "unexpected end: no {{end}} closes it");
    return node;
  }

  // From the token at hand up to the end of the action or the closing parenthesis.
  Pipeline pipeline(bool in_range, int depth, bool in_parentheses = false) {
    Pipeline made{.action = std::string(scanner_.action())};
    std::vector<std::string> declared;
    Command command;
    if (token_.kind == Token::Kind::kVariable && !in_parentheses) {
      command = assignment(made, in_range);
      if (made.declares) declared = made.variables;
    }
    for (;;) {
      if (at_command_end(in_parentheses) || token_.is("|")) {
        if (command.empty()) throw refused(made.action, "missing value for command");
        check(made, command);
        made.commands.push_back(std::move(command));
        command.clear();
        if (at_command_end(in_parentheses)) break;
        take();
      } else {
        if (!command.empty() && !token_.spaced) throw unexpected();
        command.push_back(operand(depth));
      }
    }
    variables_.insert(variables_.end(), declared.begin(), declared.end());
    return made;
  }

  static void check(const Pipeline& made, const Command& command) {
    using enum Operand::Source;
    const Operand& first = command[0];
    if (first.source == kLiteral && !made.commands.empty()) {
      throw refused(made.action, "a constant takes no value from a pipe");
    }
    if (first.source == kLiteral && first.literal.is_null()) {
      throw refused(made.action, "nil is not a command");
    }
  }

  bool at_command_end(bool in_parentheses) const {
    return in_parentheses ? token_.is(")") : token_.kind == Token::Kind::kEnd;
  }

  // "$x := ", "$x = ", "$i, $x := "; else the variable is the first word of the command.
  Command assignment(Pipeline& made, bool in_range) {
    std::vector<std::string> names{token_.text};
    const Token first = token_;
    take();
    if (token_.is(",") && in_range) {
      take();
      if (token_.kind != Token::Kind::kVariable) throw unexpected();
      names.push_back(token_.text);
      take();
      if (!token_.is(":=") && !token_.is("=")) throw unexpected();
    }
    if (token_.is(":=") || token_.is("=")) {
      made.declares = token_.is(":=");
      if (!made.declares) {
        for (const std::string& name : names) known(name);
      }
      made.variables = std::move(names);
      take();
      return {};
    }
    known(first.text);
    Operand variable{.source = Operand::Source::kVariable, .name = first.text};
    take_fields(variable);
    return {std::move(variable)};
  }

  Operand operand(int depth) {
    using enum Operand::Source;
    Operand made;
    const Token token = token_;
    if (token.is("(")) {
      if (depth > kDeepest) throw refused(scanner_.action(), "too deep");
      take();
      made.source = kPipeline;
      made.inner = std::make_shared<Pipeline>(pipeline(false, depth + 1, true));
    } else if (token.kind == Token::Kind::kField) {
      made.fields.push_back(token.text);
    } else if (token.kind == Token::Kind::kVariable) {
      known(token.text);
      made.source = kVariable;
      made.name = token.text;
    } else if (token.kind == Token::Kind::kLiteral) {
      made.source = kLiteral;
      made.literal = token.literal;
    } else if (token.kind == Token::Kind::kWord) {
      word(made, token.text);
    } else if (!token.is(".")) {
      throw unexpected();
    }
    take();
    if (made.source != kLiteral && made.source != kFunction && !token.is(".")) take_fields(made);
    return made;
  }

  void word(Operand& made, const std::string& text) {
    made.source = Operand::Source::kLiteral;
    if (text == "true" || text == "false") {
      made.literal = text == "true";
    } else if (text != "nil") {
      if (!is_function(text)) {
        throw refused(scanner_.action(), "function \"" + text + "\" not defined");
      }
      made.source = Operand::Source::kFunction;
      made.name = text;
    }
  }

  void take_fields(Operand& made) {
    while (token_.kind == Token::Kind::kField && !token_.spaced) {
      made.fields.push_back(token_.text);
      take();
    }
  }

  void known(const std::string& name) const {
    if (std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
      throw refused(scanner_.action(), "undefined variable \"" + name + "\"");
    }
  }

  void take() { token_ = scanner_.next(); }
  void finish() {
    if (token_.kind != Token::Kind::kEnd) throw unexpected();
  }
  Error unexpected() const {
    const std::string what =
        token_.kind == Token::Kind::kEnd ? "end of the action"
        : token_.kind == Token::Kind::kLiteral
            ? token_.literal.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
        : token_.kind == Token::Kind::kField ? "." + token_.text
                                             : "\"" + token_.text + "\"";
    return refused(scanner_.action(), "unexpected " + what);
  }

  Scanner scanner_;
  Token token_;
  std::vector<std::string> variables_{"$"};
  int ranges_ = 0;
};

}  // namespace

std::vector<Node> parse(std::string_view text) {
  return Parser(text).whole();
}

Error refused(std::string_view action, std::string_view why) {
  return error(Kind::kInvalidArgument, "template parsing error: {{{{{}}}}}: {}", action, why);
}

}  // namespace seatrial::engine_cli::templates
