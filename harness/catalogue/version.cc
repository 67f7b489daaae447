#include "harness/catalogue/version.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "engine/base/error.h"

namespace seatrial::harness {

Version::Version(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    unsigned long number = 0;
    const auto [next, failure] = std::from_chars(at, end, number);
    if (failure != std::errc{}) break;
    numbers_.push_back(number);
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  if (numbers_.empty()) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a version such as 1.2.3", text);
  }
  pre_release_ = at != end && (*at == '-' || *at == '~');
  while (!numbers_.empty() && numbers_.back() == 0) numbers_.pop_back();
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  // Without trailing zeros, a prefix is the smaller number, as std::vector orders it.
  const auto order = numbers_ <=> other.numbers_;
  return order != 0 ? order : other.pre_release_ <=> pre_release_;
}

VersionRange::VersionRange(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  while (words >> word) {
    const std::size_t digits = word.find_first_not_of("<>=");
    const std::string relation = word.substr(0, digits);
    const bool known = relation.empty() || relation == "=" || relation == "<" || relation == "<=" ||
                       relation == ">" || relation == ">=";
    if (!known || digits == std::string::npos) {
      throw error(Kind::kInvalidArgument,
                  "\"{}\" is not a condition on a version such as >=1.0, <1.2 or 1.1.5", word);
    }
    conditions_.push_back({relation, Version(word.substr(digits))});
  }
}

bool VersionRange::contains(const Version& version) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const auto order = version <=> condition.bound;
    if (condition.relation == "<") return order < 0;
    if (condition.relation == "<=") return order <= 0;
    if (condition.relation == ">") return order > 0;
    if (condition.relation == ">=") return order >= 0;
    return order == 0;
  });
}

}  // namespace seatrial::harness
