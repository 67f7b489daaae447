// The runtime's side of a container's monitor (engine/init/monitor.h): what create makes for it,
// and what it leaves to be read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/runtime/record.h"
#include "engine/runtime/runtime.h"
#include "engine/sys/deadline.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {

// The directory, the listening socket and the log, made for one launch. What it made is taken back
// on destruction, unless keep() was called: from then on it is the monitor's.
class Monitoring {
 public:
  // Throws Error naming the path: kConflict where another monitor listens there.
  Monitoring(const MonitorRequest& request, bool terminal);
  Monitoring(const Monitoring&) = delete;
  Monitoring& operator=(const Monitoring&) = delete;
  ~Monitoring();

  // argv and environment of the program that becomes the monitor.
  std::vector<std::string> arguments(int base) const;
  static std::vector<std::string> environment();
  // Its own slots but for kControl; those that stay empty get `filler`.
  void place(std::vector<sys::Placement>& placements, int base, int filler) const;

  void keep() { kept_ = true; }

 private:
  void open_log();

  const MonitorRequest& request_;
  const bool terminal_;
  bool kept_ = false;
  bool made_log_ = false;
  UniqueFd directory_;
  UniqueFd listener_;
  UniqueFd alive_;
  UniqueFd log_directory_;
  UniqueFd log_;
};

// What `exit` in the monitor's directory says; nothing while there is none. Throws Error for a text
// that no monitor wrote.
std::optional<ExitStatus> read_exit(const std::filesystem::path& directory);

// The same, once the container has ended and its log is complete; nothing at the deadline. Sleeps
// until the file appears or both processes are gone: then, the monitor having been killed and the
// container with it, the answer is 137 with `monitor_lost`.
std::optional<ExitStatus> await_exit(const std::filesystem::path& directory,
                                     const ProcessIdentity& monitor, const ProcessIdentity& init,
                                     sys::Deadline deadline);

// For a container whose monitor was killed: what await_exit() says of it becomes the file, and what
// the monitor would have taken away goes.
void settle_lost_exit(const std::filesystem::path& directory);

}  // namespace seatrial::runtime
