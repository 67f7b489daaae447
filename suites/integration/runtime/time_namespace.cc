// linux.timeOffsets.
#include <ctime>
#include <string>

#include "harness/fixtures/case.h"

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

struct Offsets {
  std::string name;
  Clauses clauses;
  std::string offsets;
  std::int64_t monotonic;  // nanoseconds
  std::int64_t boottime;
  Needs needs{Feature::kTimeNamespace, Feature::kSpec11};
};

const Offsets kOffsets[] = {
    {"BothClocks",
     {"runtime/time-offsets/applied", "runtime/time-offsets/secs", "runtime/namespaces/time"},
     R"({"monotonic": {"secs": 86400}, "boottime": {"secs": 604800}})",
     86400 * kSecond,
     604800 * kSecond},
    {"Nanoseconds",
     {"runtime/time-offsets/applied", "runtime/time-offsets/nanosecs"},
     R"({"boottime": {"secs": 5000, "nanosecs": 250000000}})",
     0,
     5000 * kSecond + kSecond / 4},
    {"Backwards",
     {"runtime/time-offsets/secs", "runtime/time-offsets/nanosecs"},
     R"({"monotonic": {"secs": -2, "nanosecs": 500000000}})",
     -2 * kSecond + kSecond / 2,
     0},
    {"None", {"runtime/namespaces/time"}, "{}", 0, 0},
};

}  // namespace

// The clocks inside lie between the host's before and after, moved by the offset.
TRIAL_TABLE(TimeOffsets, kOffsets) {
  const std::int64_t monotonic = now(CLOCK_MONOTONIC), boottime = now(CLOCK_BOOTTIME);
  auto box = target().run(Bundle::minimal()
                              .with_namespace("time")
                              .set_json("/linux/timeOffsets", row().offsets)
                              .probe({"namespaces"})
                              .probe({"clock"}));
  const Answer clock = box.report().answer("clock");
  const std::int64_t later = now(CLOCK_MONOTONIC), later_boottime = now(CLOCK_BOOTTIME);
  EXPECT_THAT(clock.number("monotonic") - row().monotonic, AllOf(Ge(monotonic), Le(later)));
  EXPECT_THAT(clock.number("boottime") - row().boottime, AllOf(Ge(boottime), Le(later_boottime)));
  EXPECT_NE(box.report().namespaces().at("time"), harness_namespace("time"));
}
