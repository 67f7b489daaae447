// What every job finds in its lane, whatever it is.
#include "harness/lane/lane.h"
#include "harness/lane/tool.h"

namespace seatrial::lane {
namespace {

// Small programs that people and cases call, as far as the host has them. Everything else comes
// with the job.
constexpr const char* kTools[] = {"sh",        "bash",      "cat",
                                  "cp",        "mv",        "rm",
                                  "ls",        "ln",        "mkdir",
                                  "mknod",     "chmod",     "chown",
                                  "touch",     "true",      "false",
                                  "sleep",     "echo",      "env",
                                  "id",        "uname",     "head",
                                  "tail",      "wc",        "sort",
                                  "tr",        "cut",       "dd",
                                  "grep",      "sed",       "find",
                                  "tar",       "gzip",      "mount",
                                  "umount",    "ps",        "kill",
                                  "stat",      "readlink",  "dmesg",
                                  "ip",        "nft",       "iptables",
                                  "ip6tables", "unshare",   "nsenter",
                                  "setpriv",   "timeout",   "date",
                                  "busybox",   "mkfs.ext4", "mkfs.xfs",
                                  "strace",    "newuidmap", "newgidmap",
                                  "runc",      "crun",      "apparmor_parser"};

// For checkpoints: CRIU, and what it calls.
constexpr const char* kCheckpointTools[] = {"criu", "iptables-save", "iptables-restore",
                                            "ip6tables-save", "ip6tables-restore"};

constexpr const char* kFiles[] = {"/etc/os-release",
                                  "/etc/protocols",
                                  "/etc/services",
                                  "/etc/apparmor.d/abstractions",
                                  "/etc/apparmor.d/tunables",
                                  "/etc/apparmor",
                                  "/usr/share/apparmor-features/features",
                                  "/usr/lib/x86_64-linux-gnu/xtables",
                                  "/usr/share/zoneinfo/UTC"};

}  // namespace

Cargo basic_cargo() {
  Cargo cargo;
  for (const char* directory :
       {"/proc", "/sys", "/dev", "/run", "/home", "/mnt", "/opt", "/srv", "/usr", "/usr/bin",
        "/usr/sbin", "/usr/lib", "/etc", "/var", "/var/lib", "/var/cache", "/var/log"}) {
    cargo.add_directory(directory);
  }
  cargo.add_directory("/root", 0700);
  cargo.add_directory("/tmp", 01777);
  cargo.add_directory("/var/tmp", 01777);
  for (const char* path : {"/bin", "/sbin", "/lib", "/lib64"}) cargo.add_link_if_there(path);
  for (const char* tool : kTools) cargo.add_if_there(find_program(tool));
  for (const char* tool : kCheckpointTools) cargo.add_if_there(find_program(tool));
  for (const char* file : kFiles) cargo.add_if_there(file);
  cargo.add_text("/etc/passwd",
                 "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                 "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  cargo.add_text("/etc/group", "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n");
  cargo.add_text("/etc/subuid", "root:100000:65536\n");
  cargo.add_text("/etc/subgid", "root:100000:65536\n");
  cargo.add_text("/etc/hosts", "127.0.0.1 localhost lane\n::1 localhost\n");
  cargo.add_text("/etc/resolv.conf", "");
  cargo.add_text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
  return cargo;
}

}  // namespace seatrial::lane
