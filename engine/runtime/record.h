// What the runtime remembers of a container between two commands: the file record.jsonl in its
// state directory.
//
// What may change without the runtime's doing (whether the process lives, whether it is frozen) is
// not in it: that is asked of the kernel each time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::runtime {

// A process by number and start time (clock ticks since boot): later ones differ in one of them.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;

  bool is_alive() const;
};

// The identity of a living process. Throws Error{kNotFound} when it is gone.
ProcessIdentity identify(pid_t pid);

// What a container has in resctrl. Inode numbers tell what is there now from what create made.
struct RdtPlace {
  std::string directory = {};   // of its class; empty: it has none
  bool own_class = false;       // which goes with the container; others are its user's to keep
  bool to_be_made = false;      // was absent when create began
  std::uint64_t inode = 0;      // of what create has made; 0: nothing yet
  std::string monitoring = {};  // directory of its monitoring group; empty: none
  std::uint64_t monitoring_inode = 0;
};

// A network device of the host's that create was about to move into the container.
struct LentDevice {
  std::string name = {};    // here
  std::string wanted = {};  // there; may end in "%d"
  int index = 0;            // here
  std::uint32_t flags = 0;  // IFF_*, here
  std::uint32_t master = 0;
};

struct LentDevices {
  std::vector<LentDevice> devices = {};
  std::vector<int> there_before = {};  // indices of what the container's namespace had
  std::uint64_t home = 0;              // inode number of the network namespace that they are from
};

enum class Phase {
  kCreating,  // written before anything else is made: all that the record names may or may not
              // exist
  kCreated,   // create has come to its end
};

struct Record {
  Phase phase = Phase::kCreating;
  std::string boot = {};  // the kernel's boot id: pids of another boot mean nothing
  ProcessIdentity creator = {};
  ProcessIdentity init = {};     // while creating: only where it has no cgroup to be found in
  ProcessIdentity monitor = {};  // where monitor_directory is not empty
  std::string monitor_directory = {};
  // CRIU, which wrote a checkpoint or is at it, or restores. It may outlive who started it, and
  // what it holds by ptrace(2) cannot come to its end before it does.
  ProcessIdentity checkpointer = {};
  std::string oci_version = {};
  std::string bundle = {};
  std::string rootfs = {};
  std::string created = {};  // RFC 3339
  std::map<std::string, std::string> annotations = {};
  // Cgroup directories that did not exist when create began and that it was about to make,
  // outermost first. Where create was killed, they are what it may have left.
  std::vector<std::string> planned_cgroups = {};
  std::string cgroups = {};  // cgroup::print_identity() once they are made
  std::string scope = {};    // unit of systemd that they are, or are about to be
  std::string systemd = {};  // the socket of the systemd that makes it
  RdtPlace rdt = {};
  LentDevices lent = {};            // while creating
  bool own_pid_namespace = false;   // its init's end is the end of all its processes
  bool own_user_namespace = false;  // which no other process enters
  bool own_mount_namespace = false;
  bool has_poststart = false;
  bool has_poststop = false;
};

std::string print_record(const Record& record);

// Throws Error{kInvalidArgument} for a text that print_record() did not write.
Record parse_record(std::string_view text);

}  // namespace seatrial::runtime
