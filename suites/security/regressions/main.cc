#include "harness/fixtures/suite_main.h"

int main(int argc, char** argv) {
  return seatrial::harness::suite_main(argc, argv, "regressions");
}
