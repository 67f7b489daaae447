// What there is at one moment, kind by kind, and how it is read. Collectors throw Error when procfs
// itself cannot be read; a thing that vanishes while they look is left out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::sentinel {

struct MountFact {
  std::uint64_t id = 0;
  std::string root;
  std::string mountpoint;
  std::string type;
  std::string source;
  std::string super_options;

  bool operator==(const MountFact& other) const;  // all but the options, which may change
};

struct LinkFact {
  unsigned index = 0;
  std::string name;

  bool operator==(const LinkFact&) const = default;
};

// A directory of cgroupfs.
struct CgroupFact {
  std::string hierarchy;  // mountpoint
  std::string path;       // below the mountpoint: "/a/b"
  std::uint64_t inode = 0;
  std::vector<int> pids;  // directly in it

  std::string host_path() const { return hierarchy + path; }
  bool is_same(const CgroupFact& other) const {
    return inode == other.inode && path == other.path && hierarchy == other.hierarchy;
  }
};

// A file or directory of a state root.
struct EntryFact {
  std::string path;
  std::uint64_t inode = 0;  // 0 for a mount point, whose own inode the mount covers
};

struct DescriptorFact {
  int number = -1;
  std::string target;  // what /proc/self/fd shows: "pipe:[812]"

  bool operator==(const DescriptorFact&) const = default;
};

struct ProcessFact {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  char state = '?';
  std::string command;  // at most 15 bytes, as the kernel keeps it

  bool is_same(const ProcessFact& other) const {
    return pid == other.pid && start_time == other.start_time;
  }
};

// A namespace in which a process is.
struct NamespaceFact {
  std::string name;  // "net:[4026531840]"
  pid_t holder = 0;
};

std::vector<MountFact> parse_mounts(std::string_view mountinfo);
// Those of `pid`'s mount namespace; "self" for this process.
std::vector<MountFact> read_mounts(std::string_view pid = "self");

// Links of this process' network namespace, over netlink (RTM_GETLINK).
std::vector<LinkFact> read_links();
// Deletes a link (RTM_DELLINK). Throws Error.
void delete_link(unsigned index);

// The cgroup `top` ("/", "/a") in the hierarchy mounted at `mountpoint`, and all below it, outer
// ones first. Nothing when it does not exist.
std::vector<CgroupFact> read_cgroups(const std::string& mountpoint, const std::string& top);
// Mountpoints of all hierarchies among these mounts, each hierarchy once.
std::vector<std::string> cgroup_mountpoints(const std::vector<MountFact>& mounts);

// All below a directory on its own file system, outer ones first.
std::vector<EntryFact> read_entries(const std::filesystem::path& directory);

// This process' descriptors, but for the one used to look.
std::vector<DescriptorFact> read_descriptors();

// All processes, as far as this pid namespace sees them.
std::vector<ProcessFact> read_processes();
// Those that descend from `ancestor`, parents before children; not itself.
std::vector<ProcessFact> descendants(const std::vector<ProcessFact>& all, pid_t ancestor);

// This process' own descendants. Costs one system call when it has no child; reading all of procfs
// takes milliseconds.
std::vector<ProcessFact> read_descendants();

// The namespaces that a process is in and in which its children will be. Nothing when it is gone, a
// zombie or not ours to look at.
std::vector<NamespaceFact> read_namespaces(pid_t pid);

// What a Snapshot holds.
struct CaseFacts {
  std::vector<MountFact> mounts;
  std::vector<LinkFact> links;
  std::vector<CgroupFact> cgroups;
  std::vector<EntryFact> entries;
  std::vector<DescriptorFact> descriptors;
  std::vector<ProcessFact> processes;  // descendants
  std::vector<NamespaceFact> namespaces;
};

// A process of the host with what tells whose it is.
struct HostProcess {
  ProcessFact process;
  std::string cgroups;    // text of /proc/PID/cgroup
  bool descends = false;  // from this process
  bool in_scope = false;  // relates to a state root
};

// What a HostSnapshot holds.
struct HostFacts {
  std::vector<MountFact> mounts;
  std::vector<MountFact> init_mounts;  // PID 1's, when that is another mount namespace
  std::vector<LinkFact> links;
  std::vector<CgroupFact> cgroups;
  std::vector<HostProcess> processes;
  std::vector<NamespaceFact> namespaces;
  std::string own_cgroups;  // text of /proc/self/cgroup
};

}  // namespace seatrial::sentinel
