// process.terminal and consoleSize.
#include "harness/fixtures/case.h"

TRIAL(Terminal, IsStandardInputOutputAndError, Clauses{"runtime/process/terminal"},
      Needs{Feature::kTerminal}) {
  auto box = target().run(Bundle::minimal().terminal().probe({"tty"}));
  const Answer tty = box.report().answer("tty");
  for (const char* stream : {"stdin", "stdout", "stderr"}) EXPECT_TRUE(tty.flag(stream)) << stream;
  EXPECT_GE(box.terminal(), 0);
}

TRIAL(Terminal, HasTheSizeOfTheConfiguration, Clauses{"runtime/process/console-size"},
      Needs{Feature::kTerminal}) {
  auto box = target().run(Bundle::minimal()
                              .terminal()
                              .set_json("/process/consoleSize", R"({"height": 31, "width": 97})")
                              .probe({"tty"}));
  EXPECT_THAT(box.report().answer("tty"), HasField("rows", 31));
  EXPECT_THAT(box.report().answer("tty"), HasField("columns", 97));
}

TRIAL(Terminal, IsNotMadeForASizeAlone,
      Clauses{"runtime/process/console-size-ignored", "runtime/process/no-terminal-by-default"}) {
  auto box = target().run(Bundle::minimal()
                              .terminal(false)
                              .set_json("/process/consoleSize", R"({"height": 31, "width": 97})")
                              .probe({"tty"}));
  EXPECT_FALSE(box.report().answer("tty").flag("stdin"));
}
