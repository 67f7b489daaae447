// The options given on a command line, by long name, in their order. What parses them
// differs from program to program; what reads them does not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial {

// Holds views: the words of the command line must outlive it.
class GivenOptions {
 public:
  // A switch has the value "true" or "false".
  void add(std::string_view name, std::string_view value) { given_.push_back({name, value}); }

  bool has(std::string_view name) const { return get(name).has_value(); }
  bool on(std::string_view name, bool otherwise = false) const;  // a switch
  std::optional<std::string> get(std::string_view name) const;   // the last one given
  std::string text(std::string_view name) const;                 // the same, or empty
  std::vector<std::string> all(std::string_view name) const;
  // A decimal number. Throws Error{kInvalidArgument} naming option and value.
  std::optional<long> number(std::string_view name) const;

 private:
  struct Given {
    std::string_view name;
    std::string_view value;
  };
  std::vector<Given> given_;
};

}  // namespace seatrial
