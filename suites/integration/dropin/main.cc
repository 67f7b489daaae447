#include "harness/fixtures/suite_main.h"
#include "suites/integration/dropin/dropin_case.h"

int main(int argc, char** argv) {
  return seatrial::harness::suite_main(argc, argv, "dropin", dropin_suite::dropin_kind());
}
