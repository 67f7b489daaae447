// A policy small enough to be compiled for each lane and to need no files labelled one by one: the
// job is kernel_t, which may do everything; container_t reaches container_file_t of its own
// categories, and looks at proc, sysfs and cgroups; spc_t is as free as kernel_t. Debian's own
// policy has neither type, and would have everything in memory relabelled at each boot.
#include "harness/lane/policy.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "engine/base/files.h"
#include "harness/lane/tool.h"

namespace seatrial::lane {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kFilePermissions =
    "ioctl read write create getattr setattr lock relabelfrom relabelto append map unlink link "
    "rename "
    "execute quotaon mounton audit_access open execmod watch watch_mount watch_sb watch_with_perm "
    "watch_reads";

// With what else each has, in the order of their classes.
constexpr Words kFileClasses[] = {{"dir", "add_name remove_name reparent search rmdir"},
                                  {"file", "execute_no_trans entrypoint"},
                                  {"lnk_file", ""},
                                  {"chr_file", ""},
                                  {"blk_file", ""},
                                  {"sock_file", ""},
                                  {"fifo_file", ""}};

constexpr Words kOtherClasses[] = {
    {"filesystem",
     "mount remount unmount getattr relabelfrom relabelto associate quotamod quotaget watch"},
    {"fd", "use"},
    {"process",
     "fork transition sigchld sigkill sigstop signull signal ptrace getsched setsched getsession "
     "getpgid setpgid getcap setcap share getattr setexec setfscreate noatsecure siginh setrlimit "
     "rlimitinh dyntransition setcurrent execmem execstack execheap setkeycreate setsockcreate "
     "getrlimit"},
    {"process2", "nnp_transition nosuid_transition"},
    {"key", "view read write search link setattr create"},
    {"security",
     "compute_av compute_create compute_member check_context load_policy compute_relabel "
     "compute_user "
     "setenforce setbool setsecparam setcheckreqprot read_policy validate_trans"}};

// The kernel knows them by their places (include/flask.h).
constexpr std::string_view kFirstLabels[] = {"kernel",
                                             "security",
                                             "unlabeled",
                                             "fs",
                                             "file",
                                             "file_labels",
                                             "init",
                                             "any_socket",
                                             "port",
                                             "netif",
                                             "netmsg",
                                             "node",
                                             "igmp_packet",
                                             "icmp_socket",
                                             "tcp_socket",
                                             "sysctl_modprobe",
                                             "sysctl",
                                             "sysctl_fs",
                                             "sysctl_kernel",
                                             "sysctl_net",
                                             "sysctl_net_unix",
                                             "sysctl_vm",
                                             "sysctl_dev",
                                             "kmod",
                                             "policy",
                                             "scmp_packet",
                                             "devnull"};

constexpr std::string_view kDomains[] = {"kernel_t", "spc_t", "container_t"};

constexpr Words kFileSystems[] = {
    {"fsuse trans tmpfs", "tmpfs_t"},     {"fsuse trans devtmpfs", "device_t"},
    {"fsuse trans devpts", "devpts_t"},   {"fsuse trans shm", "tmpfs_t"},
    {"fsuse trans mqueue", "tmpfs_t"},    {"fsuse trans hugetlbfs", "tmpfs_t"},
    {"fsuse task pipefs", "fs_t"},        {"fsuse task sockfs", "fs_t"},
    {"fsuse xattr ext4", "fs_t"},         {"fsuse xattr xfs", "fs_t"},
    {"fsuse xattr overlay", "fs_t"},      {"genfscon rootfs /", "root_t"},
    {"genfscon proc /", "proc_t"},        {"genfscon sysfs /", "sysfs_t"},
    {"genfscon cgroup /", "cgroup_t"},    {"genfscon cgroup2 /", "cgroup_t"},
    {"genfscon securityfs /", "sysfs_t"}, {"genfscon selinuxfs /", "sysfs_t"},
    {"genfscon bpf /", "sysfs_t"},        {"genfscon nsfs /", "proc_t"},
    {"genfscon bdev /", "device_t"}};

constexpr std::string_view kTypes[] = {"container_file_t", "root_t", "tmpfs_t", "device_t",
                                       "devpts_t",         "proc_t", "sysfs_t", "cgroup_t",
                                       "unlabeled_t",      "fs_t"};

constexpr int kCategories = 1024;

constexpr std::string_view kRules =
    "(typeattribute any)(typeattributeset any (all))"
    "(typeattribute free)(typeattributeset free (kernel_t spc_t))"
    "(allow any any (filesystem (associate)))"
    "(allow container_t container_file_t (filesystem (all)))"
    "(allow container_t self (process (all)))(allow container_t self (key (all)))"
    "(allow container_t free (fd (use)))(allow container_t free (process (sigchld)))"
    "(allow container_t free (fifo_file (read write append getattr ioctl lock)))"
    "(allow container_t devpts_t (chr_file (read write getattr ioctl)))"
    "(allow container_t tmpfs_t (file (read write append getattr ioctl lock)))"  // not open
    "(typeattribute seen)(typeattributeset seen (proc_t sysfs_t cgroup_t))"
    "(allow container_t seen (dir (getattr read open search)))"
    "(allow container_t seen (file (getattr read open)))"
    "(allow container_t seen (lnk_file (getattr read)))"
    "(mlsconstrain (file (read write open execute)) (dom h1 h2))"
    "(mlsconstrain (dir (read write open search)) (dom h1 h2))";

std::string classes() {
  std::string text;
  std::string order;
  const auto declare = [&](std::string_view name, std::string_view permissions) {
    text += fmt::format("(class {} ({}))(allow free any ({} (all)))\n", name, permissions, name);
    order += fmt::format(" {}", name);
  };
  for (const auto& [name, more] : kFileClasses) {
    declare(name, fmt::format("{} {}", kFilePermissions, more));
    text += fmt::format(
        "(allow container_t container_file_t ({0} (all)))(allow container_t self ({0} (all)))\n",
        name);
  }
  for (const auto& [name, permissions] : kOtherClasses) declare(name, permissions);
  return text + fmt::format("(classorder ({}))\n", order);
}

std::string levels() {
  std::string text = "(sensitivity s0)(sensitivityorder (s0))\n";
  std::string order;
  for (int i = 0; i < kCategories; ++i) {
    text += fmt::format("(category c{})", i);
    order += fmt::format(" c{}", i);
  }
  return text + fmt::format("(categoryorder ({}))(sensitivitycategory s0 (range c0 c{}))\n", order,
                            kCategories - 1);
}

std::string names() {
  std::string text =
      "(user system_u)(role system_r)(role object_r)(userrole system_u system_r)"
      "(userrole system_u object_r)(userlevel system_u (s0))";
  text += fmt::format("(userrange system_u ((s0) (s0 (range c0 c{}))))\n", kCategories - 1);
  for (const std::string_view type : kTypes)
    text += fmt::format("(type {0})(roletype object_r {0})", type);
  for (const std::string_view domain : kDomains) {
    text += fmt::format("(type {0})(roletype object_r {0})(roletype system_r {0})", domain);
  }
  return text;
}

std::string contexts() {
  std::string text;
  std::string order;
  for (const std::string_view name : kFirstLabels) {
    const bool runs = name == "kernel" || name == "init" || name == "kmod";
    text += fmt::format("(sid {0})(sidcontext {0} (system_u {1} ((s0) (s0{2}))))\n", name,
                        runs ? "system_r kernel_t" : "object_r unlabeled_t",
                        runs ? fmt::format(" (range c0 c{})", kCategories - 1) : "");
    order += fmt::format(" {}", name);
  }
  text += fmt::format("(sidorder ({}))\n", order);
  for (const auto& [what, type] : kFileSystems) {
    text += fmt::format("({} (system_u object_r {} ((s0) (s0))))\n", what, type);
  }
  return text;
}

}  // namespace

std::string compile_policy() {
  const TempDir directory(std::filesystem::temp_directory_path());
  // What the policy does not name is allowed: sockets, capabilities and the like.
  write_file_atomically(directory.path() / "lane.cil",
                        "(policycap nnp_nosuid_transition)(handleunknown allow)(mls true)\n" +
                            classes() + levels() + names() + contexts() + std::string(kRules));
  run_tool({"secilc", "--policyvers=33", "--output=policy", "--filecontexts=/dev/null", "lane.cil"},
           directory.path());
  return read_file(directory.path() / "policy");
}

}  // namespace seatrial::lane
