// linux.intelRdt: what a host without resctrl can tell.
#include <algorithm>

#include "harness/core/lack.h"
#include "harness/fixtures/case.h"
#include "harness/sentinel/facts.h"

namespace {

bool is_mounted_here() {
  return std::ranges::any_of(seatrial::sentinel::read_mounts(),
                             [](const auto& mount) { return mount.type == "resctrl"; });
}

struct Wish {
  std::string name;
  Clauses clauses;
  std::string section;
};

const Wish kWishes[] = {
    {"ForAClass", {"runtime/rdt/no-resctrl"}, R"({"closID": "seatrial"})"},
    {"ForASchema", {"runtime/rdt/no-resctrl"}, R"({"closID": "a", "l3CacheSchema": "L3:0=f"})"},
    {"ForTheContainersOwnClass", {"runtime/rdt/no-resctrl"}, R"({"memBwSchema": "MB:0=70"})"},
};

}  // namespace

// What cannot be given is refused, not left out.
TRIAL_TABLE(IntelRdtWithoutResctrl, kWishes) {
  if (is_mounted_here()) throw Lack("resctrl is mounted on this host");
  auto box = target().try_create(Bundle::minimal().set_json("/linux/intelRdt", row().section));
  EXPECT_THAT(box, Refused());
  EXPECT_FALSE(box.has_state_entry());
  EXPECT_THAT(target().try_create(Bundle::minimal()), Succeeded());  // control
}
