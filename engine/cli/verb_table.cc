// The table of verbs.
#include <algorithm>
#include <array>

#include "engine/cli/command_line.h"
#include "engine/cli/verb_options.h"

namespace seatrial::engine_cli {
namespace {

constexpr Option kGlobals[] = {
    {"root", "DIR", "Where the engine keeps its data (SEATRIAL_ROOT, /var/lib/seatrial)"},
    {"run", "DIR", "Where it keeps sockets and state (SEATRIAL_RUN, /run/seatrial)"},
    {"insecure-registry", "HOST[:PORT]", "Speak http to it, or trust any certificate. Repeatable"},
};

constexpr Option kFormat = {"format", "FORMAT", "A Go template, table TEMPLATE, or json"};
constexpr Option kFilter = {"filter", "KEY=VALUE", "Only what matches. Repeatable", 'f'};
constexpr Option kNoTrunc = {"no-trunc", "", "Print ids and texts in full"};
constexpr Option kForce = {"force", "", "Do not ask, do it", 'f'};
constexpr Option kTime = {"time", "SECONDS", "How long to wait before it is killed", 't'};
constexpr Option kTimeout = {"timeout", "SECONDS", "The same as --time"};
constexpr Option kSignal = {"signal", "SIGNAL", "The signal, by name or number", 's'};
constexpr Option kDetachKeys = {"detach-keys", "KEYS", "Keys that detach (ctrl-p,ctrl-q)"};

constexpr Option kStart[] = {{"attach", "", "Attach to its output and pass signals", 'a'},
                             {"interactive", "", "Attach standard input, too", 'i'},
                             kDetachKeys};
constexpr Option kAttach[] = {{"no-stdin", "", "Do not attach standard input"},
                              {"sig-proxy", "", "Pass signals (on unless =false)"},
                              kDetachKeys};
constexpr Option kStop[] = {kTime, kTimeout};
constexpr Option kKill[] = {kSignal};
constexpr Option kRm[] = {{"force", "", "Kill it first when it runs", 'f'},
                          {"volumes", "", "Remove its anonymous volumes, too", 'v'}};
constexpr Option kPs[] = {{"all", "", "Those that do not run, too", 'a'},
                          kFilter,
                          kFormat,
                          {"last", "N", "The last N made, running or not", 'n'},
                          {"latest", "", "The last one made", 'l'},
                          kNoTrunc,
                          {"quiet", "", "Print ids only", 'q'},
                          {"size", "", "Print sizes", 's'}};
constexpr Option kLogs[] = {{"follow", "", "Go on until the container stops", 'f'},
                            {"since", "TIME", "From this time, or as 10m ago"},
                            {"until", "TIME", "To this time, or as 10m ago"},
                            {"tail", "N", "The last N lines", 'n'},
                            {"timestamps", "", "Print the time of each line", 't'}};
constexpr Option kExec[] = {{"detach", "", "Run in the background", 'd'},
                            {"interactive", "", "Keep standard input open", 'i'},
                            {"tty", "", "Give it a terminal", 't'},
                            {"env", "KEY[=VALUE]", "Set an environment variable. Repeatable", 'e'},
                            {"env-file", "FILE", "Read environment variables from a file"},
                            {"user", "USER[:GROUP]", "Run as this user", 'u'},
                            {"workdir", "DIR", "Start in this directory", 'w'},
                            {"privileged", "", "Give it every capability"}};
constexpr Option kInspect[] = {{"format", "FORMAT", "A Go template, or json", 'f'},
                               {"type", "TYPE", "container, image, network or volume"}};
constexpr Option kInspectOne[] = {{"format", "FORMAT", "A Go template, or json", 'f'}};
constexpr Option kCp[] = {{"archive", "", "Keep owners", 'a'},
                          {"follow-link", "", "Copy what a source that is a link names", 'L'},
                          {"quiet", "", "Print nothing", 'q'}};
constexpr Option kExport[] = {{"output", "FILE", "Write to this file", 'o'}};
constexpr Option kCommit[] = {{"author", "TEXT", "Who made it", 'a'},
                              {"change", "INSTRUCTION", "As in a Dockerfile. Repeatable", 'c'},
                              {"message", "TEXT", "Say what changed", 'm'},
                              {"pause", "", "Pause it meanwhile (on unless =false)", 'p'}};
constexpr Option kStats[] = {{"all", "", "Those that do not run, too", 'a'},
                             {"no-stream", "", "Print once"},
                             kFormat,
                             kNoTrunc};
constexpr Option kPruneFilter = {"filter", "KEY=VALUE", "until, label or label!. Repeatable"};
constexpr Option kPrune[] = {kForce, kPruneFilter};
constexpr Option kUpdate[] = {{"memory", "SIZE", "Limit of memory", 'm'},
                              {"memory-swap", "SIZE", "Limit of memory and swap"},
                              {"memory-reservation", "SIZE", "What it keeps"},
                              {"cpus", "NUMBER", "Limit of processors"},
                              {"cpu-shares", "WEIGHT", "Its weight", 'c'},
                              {"cpu-period", "MICROSECONDS", "Period of the scheduler"},
                              {"cpu-quota", "MICROSECONDS", "What it may run of each period"},
                              {"cpuset-cpus", "LIST", "Run on these processors only"},
                              {"cpuset-mems", "LIST", "Use these memory nodes only"},
                              {"pids-limit", "NUMBER", "Limit of processes; -1: none"},
                              {"restart", "POLICY",
                               "Restart it when it exits: no, on-failure[:N], always or "
                               "unless-stopped"}};

constexpr Option kImages[] = {{"all", "", "All images", 'a'},
                              {"digests", "", "Print digests"},
                              kFilter,
                              kFormat,
                              kNoTrunc,
                              {"quiet", "", "Print ids only", 'q'}};
constexpr Option kPull[] = {{"platform", "OS/ARCH", "The platform of the image"},
                            {"quiet", "", "Print no progress", 'q'}};
constexpr Option kPush[] = {{"quiet", "", "Print no progress", 'q'}};
constexpr Option kLoad[] = {{"input", "FILE", "Read this file instead of standard input", 'i'},
                            {"quiet", "", "Print no progress", 'q'}};
constexpr Option kImport[] = {{"change", "INSTRUCTION", "As in a Dockerfile. Repeatable", 'c'},
                              {"message", "TEXT", "Say what it is", 'm'}};
constexpr Option kRmi[] = {{"force", "", "Remove it although it has other names", 'f'}};
constexpr Option kHistory[] = {kFormat,
                               {"human", "", "Sizes and times for people (on)", 'H'},
                               kNoTrunc,
                               {"quiet", "", "Print ids only", 'q'}};
constexpr Option kImagePrune[] = {
    {"all", "", "All that no container uses", 'a'}, kForce, kPruneFilter};

constexpr Option kBuildTest[] = {
    {"output", "DIR", "Write them as one OCI layout into this new directory instead", 'o'},
    {"cache", "DIR", "Keep what was fetched for debian here (~/.cache/seatrial)"},
    {"quiet", "", "Print no progress", 'q'}};
constexpr std::string_view kBuildTestFooter =
    "NAME is seatrial/probe (the static probe of the conformance suites), busybox (of\n"
    "busybox-static) or debian (minbase, which mmdebstrap fetches once); without a NAME: all.\n"
    "The images are loaded into the engine. No registry is asked for any of them.\n\n"
    "Examples:\n"
    "  seatrial image build-test busybox && seatrial run --rm busybox true\n"
    "  seatrial image build-test --output images seatrial/probe busybox";

constexpr Option kVolumeCreate[] = {
    {"driver", "NAME", "local", 'd'},
    {"label", "KEY[=VALUE]", "Set a label. Repeatable"},
    {"name", "NAME", "Name it"},
    {"opt", "KEY=VALUE", "Refused: local has no options here", 'o'}};
constexpr Option kShortList[] = {
    kFilter, kFormat, kNoTrunc, {"quiet", "", "Print names or ids only", 'q'}};
constexpr Option kVolumeRm[] = {{"force", "", "No complaint when it is not there", 'f'}};
constexpr Option kVolumePrune[] = {
    {"all", "", "Those with a name, too", 'a'}, kForce, kPruneFilter};
constexpr Option kNetworkCreate[] = {
    {"driver", "NAME", "bridge", 'd'},
    {"gateway", "ADDRESS", "The gateway's address"},
    {"internal", "", "No way out"},
    {"ip-range", "CIDR", "Give addresses of this part only"},
    {"label", "KEY[=VALUE]", "Set a label. Repeatable"},
    {"opt", "KEY=VALUE", "Set an option of the driver. Repeatable", 'o'},
    {"subnet", "CIDR", "The network's addresses"}};
constexpr Option kConnect[] = {{"alias", "NAME", "Have this name there. Repeatable"},
                               {"ip", "ADDRESS", "Have this address there"}};
constexpr Option kDisconnect[] = {{"force", "", "No complaint", 'f'}};
constexpr Option kEvents[] = {kFilter,
                              kFormat,
                              {"since", "TIME", "Those since this time, too"},
                              {"until", "TIME", "Until this time"}};
constexpr Option kDf[] = {kFormat, {"verbose", "", "Each image, container and volume", 'v'}};
constexpr Option kSystemPrune[] = {{"all", "", "All images that no container uses", 'a'},
                                   kForce,
                                   kPruneFilter,
                                   {"volumes", "", "Anonymous volumes, too"}};

using enum Order;

constexpr std::string_view kRecover =
    R"(Goes by what was recorded before it was made: containers, their processes with their start
times, cgroups, mounts, links and published ports, addresses, snapshots, volumes. What lives is
kept, who ended unseen gets its exit status and is restarted if its policy says so, what was half
made or half removed goes. Nothing that a command has finished is lost. Safe at any time, beside
any other command, and what to run when the host has come up.

Examples:
  $ seatrial recover
  kept container web
  adopted container worker
  cleaned container directory 5f0c...
  cleaned network link sv3a6c0e4d1b7f2)";

constexpr Verb kVerbs[] = {
    {"create", "IMAGE [COMMAND] [ARG...]", "Make a container", {}, 1, kAnyNumber, kOptionsFirst},
    {"run",
     "IMAGE [COMMAND] [ARG...]",
     "Make and start a container",
     {},
     1,
     kAnyNumber,
     kOptionsFirst},
    {"start", "CONTAINER [CONTAINER...]", "Start containers", kStart, 1, kAnyNumber},
    {"attach", "CONTAINER", "Attach to a running container", kAttach, 1, 1},
    {"stop", "CONTAINER [CONTAINER...]", "Stop containers", kStop, 1, kAnyNumber},
    {"restart", "CONTAINER [CONTAINER...]", "Stop and start containers", kStop, 1, kAnyNumber},
    {"kill", "CONTAINER [CONTAINER...]", "Send containers a signal (KILL)", kKill, 1, kAnyNumber},
    {"pause", "CONTAINER [CONTAINER...]", "Freeze containers", {}, 1, kAnyNumber},
    {"unpause", "CONTAINER [CONTAINER...]", "Let frozen containers go on", {}, 1, kAnyNumber},
    {"wait", "CONTAINER [CONTAINER...]", "Wait for the end, print exit codes", {}, 1, kAnyNumber},
    {"rm", "CONTAINER [CONTAINER...]", "Remove containers", kRm, 1, kAnyNumber},
    {"rename", "CONTAINER NAME", "Rename a container", {}, 2, 2},
    {"update", "CONTAINER [CONTAINER...]", "Change limits and restart policies of containers",
     kUpdate, 1, kAnyNumber},
    {"ps", "", "List containers", kPs},
    {"logs", "CONTAINER", "Print what a container wrote", kLogs, 1, 1},
    {"exec", "CONTAINER COMMAND [ARG...]", "Run one more program in a container", kExec, 2,
     kAnyNumber, kOptionsFirst},
    {"inspect", "NAME [NAME...]", "Print all about containers, images, networks, volumes", kInspect,
     1, kAnyNumber},
    {"top", "CONTAINER", "Print the processes of a container", {}, 1, 1},
    {"stats", "[CONTAINER...]", "Print what containers use", kStats, 0, kAnyNumber},
    {"port", "CONTAINER [PORT[/PROTO]]", "Print published ports", {}, 1, 2},
    {"diff", "CONTAINER", "Print what changed in the file system", {}, 1, 1},
    {"cp", "SOURCE TARGET", "Copy between CONTAINER:PATH and a path, or -", kCp, 2, 2},
    {"export", "CONTAINER", "Write the file system as a tar", kExport, 1, 1},
    {"commit", "CONTAINER [REPOSITORY[:TAG]]", "Make an image of a container", kCommit, 1, 2},
    {"container inspect", "CONTAINER [CONTAINER...]", "Print all about containers", kInspectOne, 1,
     kAnyNumber},
    {"container prune", "", "Remove stopped containers", kPrune},

    {"images", "[REPOSITORY[:TAG]]", "List images", kImages, 0, 1},
    {"pull", "NAME[:TAG|@DIGEST]", "Get an image from a registry", kPull, 1, 1},
    {"push", "NAME[:TAG]", "Give an image to a registry", kPush, 1, 1},
    {"load", "", "Load images from a tar", kLoad},
    {"save", "IMAGE [IMAGE...]", "Write images as a tar", kExport, 1, kAnyNumber},
    {"import", "FILE|- [REPOSITORY[:TAG]]", "Make an image of a file system's tar", kImport, 1, 2},
    {"tag", "IMAGE NAME[:TAG]", "Give an image one more name", {}, 2, 2},
    {"rmi", "IMAGE [IMAGE...]", "Remove images", kRmi, 1, kAnyNumber},
    {"history", "IMAGE", "Print how an image was made", kHistory, 1, 1},
    {"image inspect", "IMAGE [IMAGE...]", "Print all about images", kInspectOne, 1, kAnyNumber},
    {"image build-test", "[NAME...]", "Make images for tests from Debian's packages", kBuildTest, 0,
     kAnyNumber, kFree, false, kBuildTestFooter},
    {"image prune", "", "Remove images without a name", kImagePrune},

    {"volume create", "[VOLUME]", "Make a volume", kVolumeCreate, 0, 1},
    {"volume ls", "", "List volumes", kShortList},
    {"volume inspect", "VOLUME [VOLUME...]", "Print all about volumes", kInspectOne, 1, kAnyNumber},
    {"volume rm", "VOLUME [VOLUME...]", "Remove volumes", kVolumeRm, 1, kAnyNumber},
    {"volume prune", "", "Remove volumes that no container uses", kVolumePrune},

    {"network create", "NETWORK", "Make a network", kNetworkCreate, 1, 1},
    {"network ls", "", "List networks", kShortList},
    {"network inspect", "NETWORK [NETWORK...]", "Print all about networks", kInspectOne, 1,
     kAnyNumber},
    {"network rm", "NETWORK [NETWORK...]", "Remove networks", {}, 1, kAnyNumber},
    {"network connect", "NETWORK CONTAINER", "Let a container join", kConnect, 2, 2},
    {"network disconnect", "NETWORK CONTAINER", "Take a container out", kDisconnect, 2, 2},
    {"network prune", "", "Remove networks that no container uses", kPrune},

    {"events", "", "Print what happens", kEvents},
    {"info", "", "Print what this engine has", kInspectOne},
    {"system df", "", "Print what takes space", kDf},
    {"system prune", "", "Remove what nothing uses", kSystemPrune},
    {"system info", "", "Print what this engine has", kInspectOne},
    {"system events", "", "Print what happens", kEvents},
    {"recover", "", "Clean or adopt what killed processes left", {}, 0, 0, kFree, false, kRecover},
    {"settle", "CONTAINER", "Tidy up after a container that ended", {}, 1, 1, kFree, true},
};

// Docker's other forms of verbs: named by what they work with.
struct Form {
  std::string_view name;
  std::string_view same_as;
};

constexpr Form kForms[] = {
    {"container attach", "attach"},
    {"container commit", "commit"},
    {"container cp", "cp"},
    {"container create", "create"},
    {"container diff", "diff"},
    {"container exec", "exec"},
    {"container export", "export"},
    {"container kill", "kill"},
    {"container list", "ps"},
    {"container logs", "logs"},
    {"container ls", "ps"},
    {"container pause", "pause"},
    {"container port", "port"},
    {"container ps", "ps"},
    {"container remove", "rm"},
    {"container rename", "rename"},
    {"container restart", "restart"},
    {"container rm", "rm"},
    {"container run", "run"},
    {"container start", "start"},
    {"container stats", "stats"},
    {"container stop", "stop"},
    {"container top", "top"},
    {"container unpause", "unpause"},
    {"container update", "update"},
    {"container wait", "wait"},
    {"image history", "history"},
    {"image import", "import"},
    {"image list", "images"},
    {"image load", "load"},
    {"image ls", "images"},
    {"image pull", "pull"},
    {"image push", "push"},
    {"image remove", "rmi"},
    {"image rm", "rmi"},
    {"image save", "save"},
    {"image tag", "tag"},
    {"network list", "network ls"},
    {"network remove", "network rm"},
    {"volume list", "volume ls"},
    {"volume remove", "volume rm"},
};

// run and create have their options in another file, so these two spans are not constants.
const auto kAll = [] {
  std::array<Verb, std::size(kVerbs) + std::size(kForms)> all;
  const auto forms = std::copy(std::begin(kVerbs), std::end(kVerbs), all.begin());
  all[0].options = run_options().subspan(kOnlyOfRun);
  all[1].options = run_options();
  std::transform(std::begin(kForms), std::end(kForms), forms, [&](const Form& form) {
    Verb verb = *std::find_if(all.begin(), forms,
                              [&](const Verb& each) { return each.name == form.same_as; });
    verb.name = form.name;
    verb.same_as = form.same_as;
    return verb;
  });
  return all;
}();

}  // namespace

std::span<const Option> global_options() {
  return kGlobals;
}
std::span<const Verb> verbs() {
  return kAll;
}

}  // namespace seatrial::engine_cli
