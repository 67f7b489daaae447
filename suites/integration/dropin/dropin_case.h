// What the cases of drop-in runtimes share: a daemon that knows two runtimes, runc and the one on
// trial, and runs each workflow with both.
#pragma once

#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "harness/fixtures/case.h"
#include "harness/fixtures/suite_kind.h"
#include "suites/integration/dropin/session.h"

namespace dropin_suite {

using Where = std::source_location;

// "dropin:docker", "dropin:podman" and "dropin:containerd": the seatrial-runtime that lies beside
// the suites, below a daemon that each case starts. "dropin:docker+/usr/bin/crun" is another
// runtime there.
const SuiteKind& dropin_kind();

// What a workflow saw, a fact a string.
using Seen = std::vector<std::string>;

class Daemons {
 public:
  virtual ~Daemons() = default;
  virtual Session& with_runc() = 0;
  virtual Session& with_subject() = 0;
};

class Trial : public seatrial::harness::Trial {
 protected:
  Trial();
  ~Trial() override;

  // Runs it with runc, then with the runtime on trial, and fails the case where the two do not see
  // the same. What runc, the control, saw: the case says what that must be.
  Seen with_both(const std::function<Seen(Session&)>& workflow, Where where = Where::current());

 private:
  std::unique_ptr<Daemons> daemons_;
};

}  // namespace dropin_suite
