// Annotations, and properties that a runtime does not know.
#include "harness/fixtures/case.h"

TRIAL(Annotations, OfUnknownMeaningHaveNoEffect, Clauses{"runtime/annotations/unknown-keys"}) {
  auto box = target().run(Bundle::minimal()
                              .annotation("com.example.unheard-of", "sink the ship")
                              .annotation("bare", "")
                              .probe({"pid"}));
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().answer("pid").number("pid"), 1);
}

// A document of a later minor version may hold properties that this runtime never heard of.
TRIAL(UnknownProperties, AreIgnoredAtEveryDepth,
      Clauses{"runtime/config/unknown-properties", "runtime/config/unknown-properties-no-error"}) {
  auto box = target().run(Bundle::minimal()
                              .set("/seatrialUnheardOf", "x")
                              .set_json("/process/seatrialUnheardOf", R"({"a": [1, 2]})")
                              .set("/root/seatrialUnheardOf", true)
                              .set("/linux/seatrialUnheardOf", 7)
                              .set_json("/linux/resources/seatrialUnheardOf", "{}")
                              .probe({"cwd"}));
  EXPECT_THAT(box.wait(), Exited(0));
  EXPECT_EQ(box.report().cwd(), "/");
}
