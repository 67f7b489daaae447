// What is said over the socket of `criu swrk` (CRIU's images/rpc.proto): our requests and answers,
// its responses and notifications. Protobuf's wire format, as far as these messages take it. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seatrial::runtime::criu {

// CRIU's own numbers, as in all that follow.
enum class RequestType { kEmpty = 0, kDump = 1, kRestore = 2, kPreDump = 4, kNotify = 6 };

enum class CgroupMode { kIgnore = 0, kSoft = 3, kFull = 4, kStrict = 5 };

struct InheritedFd {
  std::string key = {};  // "pipe:[4711]": what of the image it stands for
  int fd = -1;           // of the process that is `criu swrk`
};

// Only what differs from its default is written. Descriptors of directories are the asking
// process's.
struct Options {
  int images = -1;
  int work = -1;  // where the log lies; -1: with the images
  pid_t pid = 0;  // to dump
  std::string log_file = {};
  int log_level = 4;
  std::string config_file = {};
  std::string root = {};
  std::string parent_images = {};  // relative to `images`; pages that did not change stay there
  std::string freeze_cgroup = {};
  CgroupMode cgroups = CgroupMode::kSoft;
  std::uint32_t empty_namespaces = 0;  // CLONE_NEW*: restored without what was in them
  std::string page_server = {};        // address, with `page_server_port`
  int page_server_port = 0;
  std::string lsm_profile = {};  // TYPE:NAME
  std::string lsm_mount_context = {};

  bool notify = true;
  bool leave_running = false;
  bool external_unix_sockets = false;
  bool established_tcp = false;
  bool skip_tcp_in_flight = false;
  bool evasive_devices = false;
  bool shell_job = false;
  bool file_locks = false;
  bool track_memory = false;
  bool auto_dedup = false;
  bool link_remap = false;
  bool restore_sibling = false;
  bool lazy_pages = false;  // they stay where they are until a restored process wants them
  bool orphan_terminals = false;

  // Mounts that are not in the image: on dump mount point and name, on restore name and source.
  std::vector<std::pair<std::string, std::string>> external_mounts = {};
  std::vector<std::string> externals = {};  // "net[4026532008]:extRootNetNS"
  std::vector<InheritedFd> inherited = {};
  // Controller, "" for v2, and below which cgroup its cgroups are written, or restored.
  std::vector<std::pair<std::string, std::string>> cgroup_roots = {};
  std::vector<std::pair<std::string, std::string>> joined_namespaces = {};  // "ipc" and its file
};

std::string print_request(RequestType type, const Options& options);

// The answer to a notification: whether CRIU may go on.
std::string print_answer(bool go_on);

struct Response {
  RequestType type = RequestType::kEmpty;
  bool success = false;
  std::string script = {};  // of a notification: "post-restore"
  pid_t pid = 0;            // of the root task, where the script or the response has one
  int sys_errno = 0;
  std::string message = {};  // the first complaint
};

// Throws Error{kInternal} for bytes that are no response.
Response parse_response(std::string_view bytes);

}  // namespace seatrial::runtime::criu
