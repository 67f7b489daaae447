// linux.resources.devices. Rules are looked up before drivers: a device of the numbers that Linux
// leaves to experiments is refused with EPERM where a rule forbids it, and with ENXIO, for want of
// a driver, where it may be opened.
#include <string>
#include <vector>

#include "harness/fixtures/case.h"

namespace {

constexpr const char* kForbidden = "EPERM";
constexpr const char* kAllowed = "ENXIO";

Bundle with_rules(const char* rules) {
  return Bundle::minimal()
      .set_json("/linux/resources/devices", rules)
      .device("/dev/c240-1", 'c', 240, 1, 0666)
      .device("/dev/c240-2", 'c', 240, 2, 0666)
      .device("/dev/c241-1", 'c', 241, 1, 0666)
      .device("/dev/b240-1", 'b', 240, 1, 0666)
      .probe({"open_read", "/dev/c240-1", "/dev/c240-2", "/dev/c241-1", "/dev/b240-1"})
      .probe({"open_write", "/dev/c240-1", "/dev/c240-2", "/dev/c241-1", "/dev/b240-1"});
}

struct Rules {
  std::string name;
  Clauses clauses;
  const char* rules;
  // Of reading c240-1, c240-2, c241-1 and b240-1.
  std::vector<std::string> expected;
  Needs needs{Feature::kDevicesCgroup, Feature::kMakeDevices};
};

const Rules kRules[] = {
    {"AllowOneDevice",
     {"runtime/resources/devices", "runtime/resources/devices-type-all"},
     R"([{"allow": false, "access": "rwm"},
         {"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rw"}])",
     {kAllowed, kForbidden, kForbidden, kForbidden}},
    {"AllowAMajorNumber",
     {"runtime/resources/devices", "runtime/resources/devices-numbers-all"},
     R"([{"allow": false, "access": "rwm"},
         {"allow": true, "type": "c", "major": 240, "access": "rw"}])",
     {kAllowed, kAllowed, kForbidden, kForbidden}},
    {"AllowAType",
     {"runtime/resources/devices", "runtime/resources/devices-numbers-all"},
     R"([{"allow": false, "access": "rwm"}, {"allow": true, "type": "b", "access": "rwm"}])",
     {kForbidden, kForbidden, kForbidden, kAllowed}},
    {"AllowEverything",
     {"runtime/resources/devices", "runtime/resources/devices-type-all",
      "runtime/resources/devices-numbers-all"},
     R"([{"allow": false, "access": "rwm"}, {"allow": true, "access": "rwm"}])",
     {kAllowed, kAllowed, kAllowed, kAllowed}},
    {"ForbidWhatWasAllowed",
     {"runtime/resources/devices", "runtime/resources/devices-order"},
     R"([{"allow": false, "access": "rwm"},
         {"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rwm"},
         {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rwm"},
         {"allow": false, "type": "c", "major": 240, "minor": 2, "access": "rwm"}])",
     {kAllowed, kForbidden, kForbidden, kForbidden}},
    {"ForbidEverythingLast",
     {"runtime/resources/devices-order"},
     R"([{"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rwm"},
         {"allow": false, "access": "rwm"}])",
     {kForbidden, kForbidden, kForbidden, kForbidden}},
};

}  // namespace

TRIAL_TABLE(DeviceRules, kRules) {
  auto box = target().run(with_rules(row().rules));
  const std::vector<std::string> paths{"/dev/c240-1", "/dev/c240-2", "/dev/c241-1", "/dev/b240-1"};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_THAT(box.report(), Failed("open_read", paths[i], row().expected[i]));
    EXPECT_THAT(box.report(), Failed("open_write", paths[i], row().expected[i]));
  }
}

// cgroup v1 has no way to take one device out of a major number that is allowed. An engine may say
// so; what it must not do is to leave the device open.
TRIAL(DeviceRules, AreNotDroppedWhereTheKernelCannotExpressThem,
      Clauses{"runtime/resources/devices-order", "runtime/config/unsupported-values"},
      Needs{Feature::kDevicesCgroup, Feature::kMakeDevices}) {
  auto box = target().try_run(with_rules(R"([
      {"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 240, "access": "rwm"},
      {"allow": false, "type": "c", "major": 240, "minor": 2, "access": "rwm"}])"));
  if (box.outcome().succeeded()) {
    EXPECT_THAT(box.report(), Failed("open_read", "/dev/c240-1", kAllowed));
    EXPECT_THAT(box.report(), Failed("open_read", "/dev/c240-2", kForbidden));
  } else {
    EXPECT_THAT(box, Refused());
  }
}

TRIAL(DeviceRules, TellReadingFromWriting, Clauses{"runtime/resources/devices-access"},
      Needs{Feature::kDevicesCgroup, Feature::kMakeDevices}) {
  auto box = target().run(with_rules(R"([
      {"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 240, "minor": 1, "access": "r"},
      {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "w"}])"));
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/c240-1", kAllowed));
  EXPECT_THAT(box.report(), Failed("open_write", "/dev/c240-1", kForbidden));
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/c240-2", kForbidden));
  EXPECT_THAT(box.report(), Failed("open_write", "/dev/c240-2", kAllowed));
}

// A node that may be made is not thereby one that may be opened, nor the other way round.
TRIAL(DeviceRules, GovernTheMakingOfNodes,
      Clauses{"runtime/resources/devices-access", "runtime/resources/devices"},
      Needs{Feature::kDevicesCgroup, Feature::kMakeDevices}) {
  auto box = target().run(with_rules(R"([
      {"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rw"},
      {"allow": true, "type": "c", "major": 241, "minor": 1, "access": "m"}])")
                              .capabilities({"CAP_MKNOD"})
                              .probe({"mknod", "/tmp/c241-1", "c", "241", "1"})
                              .probe({"mknod", "/tmp/c240-1", "c", "240", "1"}));
  EXPECT_THAT(box.report(), Did("mknod", "/tmp/c241-1"));
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/c241-1", kForbidden));
  EXPECT_THAT(box.report(), Failed("mknod", "/tmp/c240-1", kForbidden));
  EXPECT_THAT(box.report(), Failed("open_read", "/dev/c240-1", kAllowed));
}
