// linux.intelRdt: the class of service that a container's processes are in, and its monitoring
// group (config-linux.md, "IntelRdt"; Documentation/arch/x86/resctrl.rst).
//
// A class without a closID is the container's own and goes with it. One with a closID stays: others
// may be in it, or come to be. A create that fails or is killed takes back what it made of either.
// No lock is taken on the file system, though its documentation names one: whoever may look at its
// root could hold it for ever.
#pragma once

#include <sys/types.h>
#include <functional>
#include <string>

#include "engine/runtime/record.h"
#include "engine/runtime/resctrl.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

class RdtClass {
 public:
  // Looks what is there; changes nothing. Throws Error by the JSON path: kUnsupported where resctrl
  // is not mounted or lacks what is asked for, kNotFound for a class that should be there,
  // kConflict for one that is something else, kDenied where this process may not make one.
  RdtClass(const spec::IntelRdt& config, const std::string& id, const ResctrlKind& kind);

  // What is to be recorded before make().
  const RdtPlace& place() const { return place_; }

  // Makes what is not there, and sets it up. `made` is called with each thing that `place` then
  // tells of. Throws Error, with what the kernel has to say of a schema that it refuses.
  void make(RdtPlace& place, const std::function<void()>& made) const;

  // For the plan: what make() and join_class() will do, a line each.
  std::string to_text() const;

 private:
  void look_at_class();
  void look_at_monitoring(const std::string& id);

  const spec::IntelRdt& config_;
  std::string root_;
  std::vector<std::string> lines_;
  RdtPlace place_;
};

// Puts a process into the class and the monitoring group. Those that it starts are in them, too.
void join_class(const RdtPlace& place, pid_t pid);

// Removes the monitoring group, and the class where it is the container's own or where its create
// never came to an end. What is not what create made stays, as does a class of a closID with
// somebody in it. Absent is fine.
void leave_class(const RdtPlace& place, Phase phase);

// Throws Error where there is no class for the lines, or where its schemata lack what they name.
void check_schemata(const RdtPlace& place, const std::vector<std::string>& lines);
// One after the other. Throws Error as make() does.
void write_schemata(const RdtPlace& place, const std::vector<std::string>& lines);

}  // namespace seatrial::runtime
