#include <algorithm>

#include "harness/core/feature.h"
#include "harness/fixtures/host_needs.h"
#include "harness/fixtures/suite_main.h"

using namespace seatrial::harness;  // NOLINT: a program's main

namespace {

// The store lies in this process; needs are of the host alone.
TargetInfo describe(CaseSite& site) {
  TargetInfo info{.spec = site.target_spec,
                  .name = "seatrial",
                  .version = SEATRIAL_VERSION,
                  .oci_version = {},
                  .features = {},
                  .missing = {}};
  const auto lacks = host_lacks();
  const auto devices = lacks.find(Feature::kMakeDevices);
  const std::string name(to_string(Feature::kMakeDevices));
  if (devices == lacks.end()) {
    info.features.push_back(name);
  } else {
    info.missing.push_back(name + ": " + devices->second);
  }
  return info;
}

}  // namespace

int main(int argc, char** argv) {
  return suite_main(argc, argv, "image", {.targets = {"reference"}, .describe = describe});
}
