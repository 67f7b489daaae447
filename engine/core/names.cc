#include "engine/core/names.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

constexpr std::array<std::string_view, 48> kMoods{
    "able",   "ample",  "bold",   "brave",  "breezy", "bright", "brisk",   "calm",
    "candid", "clear",  "deft",   "eager",  "fair",   "fleet",  "frank",   "fresh",
    "gentle", "glad",   "hardy",  "hearty", "keen",   "kind",   "lively",  "loyal",
    "lucid",  "mellow", "merry",  "mild",   "neat",   "nimble", "patient", "placid",
    "plucky", "prompt", "proud",  "quick",  "quiet",  "ready",  "sage",    "salty",
    "sober",  "spry",   "steady", "stout",  "sunny",  "swift",  "trim",    "wakeful"};

// Seafarers, shipwrights, navigators, oceanographers.
constexpr std::array<std::string_view, 56> kSailors{
    "amundsen",  "anson",        "baffin",   "banks",    "baret",      "bass",       "beaufort",
    "bering",    "bougainville", "bowditch", "brunel",   "cabot",      "cook",       "cousteau",
    "dampier",   "darling",      "davis",    "drake",    "earle",      "ekman",      "eriksson",
    "fitzroy",   "flinders",     "franklin", "froude",   "gama",       "halley",     "harrison",
    "heyerdahl", "hudson",       "humboldt", "ibnmajid", "ibnbattuta", "joyon",      "kotzebue",
    "laperouse", "magellan",     "maury",    "mercator", "nansen",     "napier",     "nordenskjold",
    "piccard",   "polo",         "pytheas",  "ross",     "scoresby",   "shackleton", "slocum",
    "tasman",    "tharp",        "torres",   "tupaia",   "vancouver",  "weddell",    "zhenghe"};

void fill_random(void* to, std::size_t size) {
  if (::getrandom(to, size, 0) != static_cast<ssize_t>(size)) throw sys_error(errno, "getrandom");
}

}  // namespace

bool is_container_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return name.size() >= 2 && name.size() <= 255 && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

std::string made_up_name(unsigned attempt) {
  std::array<std::uint32_t, 3> random{};
  fill_random(random.data(), sizeof random);
  std::string name = fmt::format("{}_{}", kMoods[random[0] % kMoods.size()],
                                 kSailors[random[1] % kSailors.size()]);
  if (attempt > 0) name += fmt::format("{}", random[2] % (attempt > 3 ? 1000000 : 10));
  return name;
}

std::string new_id() {
  for (;;) {
    std::array<unsigned char, 32> bytes{};
    fill_random(bytes.data(), bytes.size());
    std::string id = fmt::format("{:02x}", fmt::join(bytes, ""));
    if (id.substr(0, 12).find_first_not_of("0123456789") != std::string::npos) return id;
  }
}

}  // namespace seatrial::core
