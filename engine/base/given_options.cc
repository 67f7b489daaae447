#include "engine/base/given_options.h"

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"

namespace seatrial {

bool GivenOptions::on(std::string_view name, bool otherwise) const {
  const auto value = get(name);
  return value ? *value == "true" : otherwise;
}

std::optional<std::string> GivenOptions::get(std::string_view name) const {
  const auto found = std::find_if(given_.rbegin(), given_.rend(),
                                  [&](const Given& given) { return given.name == name; });
  if (found == given_.rend()) return std::nullopt;
  return std::string(found->value);
}

std::string GivenOptions::text(std::string_view name) const {
  return get(name).value_or(std::string());
}

std::vector<std::string> GivenOptions::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const Given& given : given_) {
    if (given.name == name) values.emplace_back(given.value);
  }
  return values;
}

std::optional<long> GivenOptions::number(std::string_view name) const {
  const auto text = get(name);
  if (!text) return std::nullopt;
  long number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  if (text->empty() || parsed.ec != std::errc() || parsed.ptr != text->data() + text->size()) {
    throw error(Kind::kInvalidArgument,
                "invalid argument \"{}\" for \"--{}\" flag: it is not a number", *text, name);
  }
  return number;
}

}  // namespace seatrial
