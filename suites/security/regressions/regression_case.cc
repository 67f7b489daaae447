#include "suites/security/regressions/regression_case.h"

namespace regressions {

std::string climbing(const std::filesystem::path& to) {
  std::string path;
  for (int i = 0; i < 24; ++i) path += "../";
  return path + to.relative_path().native();
}

Trial::Trial() : canary_(scratch()) {}

Trial::~Trial() {
  for (const std::string& sentence : canary_.tampering()) ADD_FAILURE() << sentence;
}

Box Trial::attempt(Bundle bundle) {
  Box box = target().try_run(bundle.probe({"mountinfo"}));
  if (box.outcome().succeeded()) {
    expect_contained(box.report());
  } else {
    EXPECT_THAT(box, Refused());
  }
  return box;
}

void Trial::expect_contained(const Report& report) {
  for (const Mount& mount : report.mounts()) {
    EXPECT_THAT(mount.root, Not(HasSubstr(canary_.name()))) << mount.mountpoint;
    EXPECT_THAT(mount.source, Not(HasSubstr(canary_.name()))) << mount.mountpoint;
  }
}

}  // namespace regressions
