// A parsed JSON text that is safe to walk: at most kMaxDepth levels deep, no key twice.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace seatrial::spec {

// No document of the specifications comes near; code may recurse over a Document without care.
inline constexpr std::size_t kMaxDepth = 64;

class Document {
 public:
  // `name` opens every message about this document ("config.json"). Throws
  // Error{kInvalidArgument}: line and column of broken syntax, the path of a repeated key or of
  // what is nested too deeply.
  Document(std::string_view text, std::string name);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const std::string& name() const { return name_; }
  const nlohmann::json& root() const { return *root_; }

 private:
  std::string name_;
  std::unique_ptr<nlohmann::json> root_;
};

// Where `node` stands below `root`, as `linux.namespaces[2].type`; empty for the root itself.
// Searches the whole document: for messages, never on the way of a good document.
std::string path_of(const nlohmann::json& root, const nlohmann::json& node);

// The path of the member `key` of the object at `path`.
std::string member_path(std::string_view path, std::string_view key);

// A value as a message shows it: scalars as JSON in at most some 60 characters, else "an object".
std::string shown(const nlohmann::json& value);
std::string shown_text(std::string_view text);

}  // namespace seatrial::spec
