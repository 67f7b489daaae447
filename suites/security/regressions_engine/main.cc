#include "harness/fixtures/engine_case.h"
#include "harness/fixtures/suite_main.h"

int main(int argc, char** argv) {
  return seatrial::harness::suite_main(argc, argv, "regressions_engine",
                                       engine_suite::engine_kind());
}
