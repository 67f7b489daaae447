#include "engine/oci/sub_cgroups.h"

#include <algorithm>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::oci {
namespace {

cgroup::SubCgroup parse(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == word.npos) return {.path = word};
  cgroup::SubCgroup place{.path = word.substr(colon + 1)};
  for (std::size_t begin = 0; begin <= colon;) {
    const std::size_t end = std::min(word.find(',', begin), colon);
    if (end == begin) {
      throw error(Kind::kInvalidArgument, "option --cgroup: {}: a controller is missing", word);
    }
    place.controllers.push_back(word.substr(begin, end - begin));
    begin = end + 1;
  }
  return place;
}

}  // namespace

std::vector<cgroup::SubCgroup> parse_sub_cgroups(const std::vector<std::string>& words) {
  std::vector<cgroup::SubCgroup> places;
  for (const std::string& word : words) {
    places.push_back(parse(word));
    if (words.size() == 1 || !places.back().controllers.empty()) continue;
    throw error(Kind::kInvalidArgument,
                "option --cgroup: {}: needs CONTROLLER: before it beside another --cgroup", word);
  }
  return places;
}

}  // namespace seatrial::oci
