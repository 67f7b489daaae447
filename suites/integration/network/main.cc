#include "harness/fixtures/engine_case.h"
#include "harness/fixtures/suite_main.h"

int main(int argc, char** argv) {
  // Not docker:SOCKET: cases look at the host's side, too, which a daemon shows that a case
  // started.
  static const seatrial::harness::SuiteKind kind{.targets = {"reference", "docker", "podman"},
                                                 .describe = engine_suite::engine_kind().describe};
  return seatrial::harness::suite_main(argc, argv, "network", kind);
}
