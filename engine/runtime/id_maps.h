// The id maps of a new user namespace, written from outside.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/plan/launch_plan.h"
#include "engine/spec/config.h"

namespace seatrial::runtime {

// Where the kernel lets this process write a map, it does (user_namespaces(7): with CAP_SETUID or
// CAP_SETGID, or its own id alone). Else the set-uid programs newuidmap and newgidmap do, for what
// /etc/subuid and /etc/subgid give to the user.
class IdMaps {
 public:
  // Makes nothing. Throws Error naming the mapping that cannot be written: an id that this
  // process's own namespace does not map, no such program, a range that is not the user's.
  IdMaps(const spec::Linux& config, const plan::HostFacts& facts);

  // Writes uid_map, setgroups (denied where this process writes gid_map without CAP_SETGID) and
  // gid_map of the process, which must be an unreaped child in its new user namespace. Throws
  // Error naming file and content, or what the program said.
  void write(pid_t pid) const;

 private:
  struct Map {
    const char* file = "";  // "uid_map"
    const char* path = "";  // in config.json
    std::vector<spec::IdMapping> mappings = {};
    std::string program = {};  // that writes it; empty: this process
    std::string grants = {};   // "/etc/subuid"
  };

  static void check_own_namespace(const Map& map, const std::vector<spec::IdMapping>& own);
  static void hand_over(Map& map, const char* program);
  static void write_map(const Map& map, pid_t pid);

  Map uids_;
  Map gids_;
  bool deny_setgroups_ = false;
};

// "0 1000 1\n1 100000 65536\n"
std::string print_id_map(const std::vector<spec::IdMapping>& mappings);

}  // namespace seatrial::runtime
