#include "harness/fixtures/case.h"

// A working directory must be absolute.
TRIAL(ProcessCwd, RefusesARelativePath, Clauses{"runtime/process/cwd-absolute"}) {
  const auto with_cwd = [](const char* path) {
    return Bundle::minimal().with_dir("/work").cwd(path).probe({"cwd"});
  };

  auto control = target().try_run(with_cwd("/work"));
  EXPECT_THAT(control, Succeeded());
  EXPECT_EQ(control.report().cwd(), "/work");

  EXPECT_THAT(target().try_run(with_cwd("work")), RefusedWith(ContainsRegex("[Cc]wd|absolute")));
}

TRIAL(ProcessCwd, IsTheDirectoryOfTheProgram, Clauses{"runtime/process/cwd"}) {
  auto box = target().run(Bundle::minimal()
                              .with_file("/deep/in/the/hold", "cargo")
                              .cwd("/deep/in/the")
                              .probe({"cwd"})
                              .probe({"read", "hold"}));
  EXPECT_EQ(box.report().cwd(), "/deep/in/the");
  EXPECT_THAT(box.report(), Read("hold", "cargo"));
}

// A link leads where it leads inside, whatever lies there on the host.
TRIAL(ProcessCwd, FollowsLinksInsideTheContainer, Clauses{"runtime/process/cwd"}) {
  const auto through = [](const char* link, const char* leads_to) {
    return Bundle::minimal()
        .with_dir("/harbour/berth")
        .with_symlink(link, leads_to)
        .cwd(link)
        .probe({"cwd"});
  };
  auto absolute = target().run(through("/link", "/harbour/berth"));
  EXPECT_EQ(absolute.report().cwd(), "/harbour/berth");
  auto climbing = target().run(through("/link", "../../../../../../harbour"));
  EXPECT_EQ(climbing.report().cwd(), "/harbour");
}

// Entered as the user, who may go where the engine without capabilities may not.
TRIAL(ProcessCwd, MayBeADirectoryThatOnlyTheUserCanEnter, Clauses{"runtime/process/cwd"}) {
  auto box = target().run(Bundle::minimal()
                              .with_dir("/cabin", 0700)
                              .owned_by("/cabin", 1000, 1000)
                              .user(1000, 1000)
                              .cwd("/cabin")
                              .probe({"cwd"}));
  EXPECT_EQ(box.report().cwd(), "/cabin");
}

// The specification leaves open whether a missing directory is made or refused; the program never
// runs anywhere else.
TRIAL(ProcessCwd, IsNeverAnotherOneThanAskedFor, Clauses{"runtime/process/cwd"}) {
  const Bundle bundle = Bundle::minimal().cwd("/not/there").probe({"cwd"});
  auto box = target().try_run(bundle);
  if (box.outcome().succeeded()) {
    EXPECT_EQ(box.report().cwd(), "/not/there");
  } else {
    EXPECT_THAT(box, Refused());
  }
  EXPECT_THAT(target().try_run(Bundle(bundle).with_dir("/not/there")), Succeeded());  // control
}
