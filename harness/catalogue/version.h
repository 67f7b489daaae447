// Version numbers as specifications and engines print them.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::harness {

// "1.1.5+ds1": dotted numbers, of which missing ones count as 0. A suffix that starts with '-' or
// '~' marks a pre-release, which comes before the release ("1.3.0-rc.1" < "1.3.0"); any other
// suffix (a packager's "+ds1") does not matter.
class Version {
 public:
  // Throws Error{kInvalidArgument} when the text does not start with a digit.
  explicit Version(std::string_view text);

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  std::vector<unsigned long> numbers_;  // without trailing zeros
  bool pre_release_ = false;
};

// ">=1.0 <1.2": conditions that must all hold. Each is one of < <= > >= = and a version, without
// a space between; a bare version means =. Empty allows everything.
class VersionRange {
 public:
  VersionRange() = default;
  // Throws Error{kInvalidArgument} quoting the condition that is wrong.
  explicit VersionRange(std::string_view text);

  bool contains(const Version& version) const;
  bool empty() const { return conditions_.empty(); }

 private:
  struct Condition {
    std::string relation;
    Version bound;
  };
  std::vector<Condition> conditions_;
};

}  // namespace seatrial::harness
