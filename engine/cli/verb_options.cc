#include "engine/cli/verb_options.h"

namespace seatrial::engine_cli {
namespace {

constexpr Option kRun[] = {
    // only of run
    {"detach", "", "Run in the background and print the container's id", 'd'},
    {"detach-keys", "KEYS", "Keys that detach from the container (ctrl-p,ctrl-q)"},
    {"sig-proxy", "", "Pass signals to the container (on unless =false)"},
    // what the program is
    {"name", "NAME", "Name the container"},
    {"attach", "STREAM", "Attach to stdin, stdout or stderr. Repeatable", 'a'},
    {"interactive", "", "Keep standard input open", 'i'},
    {"tty", "", "Give it a terminal", 't'},
    {"rm", "", "Remove the container and its anonymous volumes when it ends"},
    {"env", "KEY[=VALUE]", "Set an environment variable. Repeatable", 'e'},
    {"env-file", "FILE", "Read environment variables from a file. Repeatable"},
    {"entrypoint", "PROGRAM", "Run this instead of the image's entrypoint"},
    {"user", "USER[:GROUP]", "Run as this user, by name or number", 'u'},
    {"group-add", "GROUP", "Be in this group, too. Repeatable"},
    {"workdir", "DIR", "Start in this directory of the container", 'w'},
    {"label", "KEY[=VALUE]", "Set a label. Repeatable", 'l'},
    {"label-file", "FILE", "Read labels from a file. Repeatable"},
    {"init", "", "Run an init inside the container that forwards signals and reaps processes"},
    {"stop-signal", "SIGNAL", "What asks the container to stop"},
    {"stop-timeout", "SECONDS", "How long stop waits before it kills"},
    {"restart", "POLICY", "Restart it when it exits: no, on-failure[:N], always or unless-stopped"},
    {"pull", "WHEN", "Pull the image: always, missing or never"},
    {"quiet", "", "Pull without output", 'q'},
    {"platform", "OS/ARCH", "The platform of the image"},
    {"cidfile", "FILE", "Write the container's id to this file"},
    // files
    {"volume", "[SOURCE:]TARGET[:OPTIONS]", "Mount a volume or a host's path. Repeatable", 'v'},
    {"mount", "KEY=VALUE,...", "Mount a volume, a host's path or a tmpfs. Repeatable"},
    {"tmpfs", "TARGET[:OPTIONS]", "Mount a tmpfs. Repeatable"},
    {"volumes-from", "CONTAINER[:ro]", "Mount the volumes of a container. Repeatable"},
    {"read-only", "", "Make the root file system read-only"},
    {"device", "SOURCE[:TARGET[:rwm]]", "Give it a device of the host. Repeatable"},
    {"device-cgroup-rule", "RULE", "Allow devices, as \"c 1:3 rwm\". Repeatable"},
    {"shm-size", "SIZE", "Size of /dev/shm (64m)"},
    // network
    {"publish", "[[IP:]PORT:]PORT[/PROTO]", "Publish a port to the host. Repeatable", 'p'},
    {"publish-all", "", "Publish every exposed port to a free port", 'P'},
    {"expose", "PORT[/PROTO]", "Expose a port. Repeatable"},
    {"network", "NETWORK", "bridge, none, host, container:NAME or a network. Repeatable"},
    {"net", "NETWORK", "The same as --network"},
    {"network-alias", "NAME", "Have this name in the network, too. Repeatable"},
    {"net-alias", "NAME", "The same as --network-alias"},
    {"ip", "ADDRESS", "Have this address in the network"},
    {"mac-address", "ADDRESS", "Have this hardware address"},
    {"hostname", "NAME", "The container's host name", 'h'},
    {"domainname", "NAME", "The container's NIS domain name"},
    {"add-host", "HOST:ADDRESS", "Add a line to /etc/hosts. Repeatable"},
    {"dns", "ADDRESS", "Ask this name server. Repeatable"},
    {"dns-search", "DOMAIN", "Search names in this domain. Repeatable"},
    {"dns-option", "OPTION", "Set an option of the resolver. Repeatable"},
    {"dns-opt", "OPTION", "The same as --dns-option"},
    // isolation
    {"cap-add", "CAPABILITY", "Add a capability. Repeatable"},
    {"cap-drop", "CAPABILITY", "Drop a capability. Repeatable"},
    {"security-opt", "KEY=VALUE", "Set an option of security. Repeatable"},
    {"privileged", "", "Give it what the host's root has"},
    {"pid", "MODE", "The processes it sees: host or container:NAME"},
    {"ipc", "MODE", "private, shareable, none, host or container:NAME"},
    {"uts", "MODE", "Share the host's name: host"},
    {"cgroupns", "MODE", "host or private"},
    {"sysctl", "KEY=VALUE", "Set a parameter of its namespaces. Repeatable"},
    // limits
    {"memory", "SIZE", "Limit of memory", 'm'},
    {"memory-swap", "SIZE", "Limit of memory and swap; -1: unlimited swap"},
    {"memory-reservation", "SIZE", "What it keeps when memory is scarce"},
    {"memory-swappiness", "0..100", "How readily its memory is swapped"},
    {"oom-kill-disable", "", "Do not kill it when memory runs out"},
    {"oom-score-adj", "-1000..1000", "How readily it is killed when memory runs out"},
    {"cpus", "NUMBER", "Limit of processors, as 1.5"},
    {"cpu-shares", "WEIGHT", "Its weight when processors are scarce", 'c'},
    {"cpu-period", "MICROSECONDS", "Period of the scheduler"},
    {"cpu-quota", "MICROSECONDS", "What it may run of each period"},
    {"cpuset-cpus", "LIST", "Run on these processors only, as 0-2,4"},
    {"cpuset-mems", "LIST", "Use these memory nodes only"},
    {"pids-limit", "NUMBER", "Limit of processes; -1: none"},
    {"device-read-bps", "DEVICE:RATE",
     "Limit of bytes a second read from it, as /dev/sda:1m. Repeatable"},
    {"device-write-bps", "DEVICE:RATE", "Limit of bytes a second written to it. Repeatable"},
    {"device-read-iops", "DEVICE:RATE", "Limit of reads from it in a second. Repeatable"},
    {"device-write-iops", "DEVICE:RATE", "Limit of writes to it in a second. Repeatable"},
    {"storage-opt", "KEY=VALUE",
     "size=SIZE: a quota of what it writes; refused where none can be had. Repeatable"},
    {"ulimit", "NAME=SOFT[:HARD]", "Set a resource limit. Repeatable"},
    {"cgroup-parent", "CGROUP", "Make its cgroup below this one"},
    // logs
    {"log-driver", "DRIVER", "json-file or none"},
    {"log-opt", "KEY=VALUE", "max-size=SIZE or max-file=NUMBER of json-file. Repeatable"},
};

}  // namespace

std::span<const Option> run_options() {
  return kRun;
}

}  // namespace seatrial::engine_cli
