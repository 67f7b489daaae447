#include "harness/fixtures/host_network.h"
#include "harness/fixtures/suite_main.h"

using namespace seatrial::harness;  // NOLINT: a program's main

namespace {

// Registries listen on the loopback interface of the case's own network namespace.
void bring_in(CaseSite&, const TargetInfo*) {
  bring_up_loopback();
}

TargetInfo describe(CaseSite& site) {
  return {.spec = site.target_spec,
          .name = "seatrial",
          .version = SEATRIAL_VERSION,
          .oci_version = {},
          .features = {},
          .missing = {}};
}

}  // namespace

int main(int argc, char** argv) {
  return suite_main(argc, argv, "registry_client",
                    {.targets = {"reference"}, .bring_in = bring_in, .describe = describe});
}
