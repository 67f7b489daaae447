// A cursor over a Document that reads typed values. A value of the wrong shape throws
// Error{kInvalidArgument}: `config.json: process.cwd: 5 is not a string`. Paths are built only for
// messages, so that reading a good document costs a lookup a property.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/json_document.h"

namespace seatrial::spec {

class Reader {
 public:
  struct Member;

  // At the document's root. The document must outlive every Reader made from it.
  explicit Reader(const Document& document) : document_(&document), node_(&document.root()) {}

  // The member of an object; nothing where it is absent. A null counts as absent: programs in Go
  // write it for a list without elements.
  std::optional<Reader> find(std::string_view key) const;

  // The same for a member that must be there; `what` says what it is: "an absolute path".
  Reader require(std::string_view key, std::string_view what) const;

  bool boolean() const;
  std::string string() const;         // without NUL
  std::string filled_string() const;  // not empty either
  std::string absolute_path() const;
  std::vector<std::string> strings() const;
  std::vector<std::string> absolute_paths() const;
  std::vector<std::string> environment() const;  // every entry NAME=VALUE

  // A whole number from `least` to `most`.
  template <std::integral Int>
  Int integer(Int least = std::numeric_limits<Int>::min(),
              Int most = std::numeric_limits<Int>::max()) const {
    if constexpr (std::unsigned_integral<Int>) return static_cast<Int>(natural(least, most));
    return static_cast<Int>(
        whole(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
  }

  std::vector<Reader> elements() const;  // of an array
  std::vector<Member> members() const;   // of an object, by key

  // Optional properties: what is absent leaves the default.
  bool boolean_or_false(std::string_view key) const;
  std::string string_or_empty(std::string_view key) const;
  std::vector<std::string> strings_or_none(std::string_view key) const;
  std::optional<bool> optional_boolean(std::string_view key) const;
  template <std::integral Int>
  std::optional<Int> optional_integer(std::string_view key,
                                      Int least = std::numeric_limits<Int>::min(),
                                      Int most = std::numeric_limits<Int>::max()) const {
    const std::optional<Reader> member = find(key);
    if (!member) return std::nullopt;
    return member->integer<Int>(least, most);
  }

  // null, false, 0, an empty string, array or object.
  bool is_empty() const;
  // Says nothing: null, false, 0, an empty string or array, an object with only such members.
  bool is_trivial() const;

  std::string path() const;

  // Throws: `DOCUMENT: PATH: VALUE REASON`, and without the value.
  [[noreturn]] void refuse(std::string_view reason) const;
  [[noreturn]] void refuse_whole(std::string_view reason) const;

 private:
  Reader(const Document& document, const nlohmann::json& node)
      : document_(&document), node_(&node) {}

  void want_object() const;
  std::int64_t whole(std::int64_t least, std::int64_t most) const;
  std::uint64_t natural(std::uint64_t least, std::uint64_t most) const;

  const Document* document_;
  const nlohmann::json* node_;
};

struct Reader::Member {
  std::string key;
  Reader value;
};

}  // namespace seatrial::spec
