#include "suites/integration/runtime/malformed.h"

namespace {

Bundle with_value(const Flaw& flaw, const std::string& json) {
  Bundle bundle = Bundle::minimal();
  if (json.empty()) {
    bundle.without(flaw.pointer);
  } else {
    bundle.set_json(flaw.pointer, json);
  }
  return bundle;
}

// create applies everything but process (runtime.md, Operations): that may be refused by start.
bool is_applied_at_start(const Flaw& flaw) {
  return flaw.pointer.starts_with("/process");
}

}  // namespace

void expect_no_trace(Subject& target, Box& box) {
  ASSERT_THAT(box, Refused());
  EXPECT_THAT(target.state(box.id()), Refused());
  EXPECT_FALSE(box.has_state_entry());
}

void expect_refusal(Subject& target, const Flaw& flaw) {
  EXPECT_THAT(target.try_create(with_value(flaw, flaw.sound)), Succeeded()) << "the sound document";

  auto box = target.try_create(with_value(flaw, flaw.flawed));
  if (is_applied_at_start(flaw) && box.outcome().succeeded()) {
    EXPECT_THAT(box.start(), Refused()) << "start after create accepted " << flaw.flawed;
  } else {
    SCOPED_TRACE(flaw.pointer + ": " + (flaw.flawed.empty() ? "absent" : flaw.flawed));
    expect_no_trace(target, box);
  }
}
