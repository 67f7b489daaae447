// checkpoint: a running container becomes image files, through CRIU.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/criu.h"
#include "engine/runtime/criu_images.h"
#include "engine/runtime/criu_mounts.h"
#include "engine/runtime/impl.h"
#include "engine/sys/proc_stat.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLog = "dump.log";

void check_container(const std::string& id, const Record& record, spec::Status status) {
  if (status != spec::Status::kRunning && status != spec::Status::kPaused) {
    throw error(Kind::kConflict, "cannot checkpoint a container that is {}",
                spec::to_string(status));
  }
  if (!record.monitor_directory.empty()) {
    throw error(Kind::kUnsupported,
                "container {} has a monitor, which holds its stdio and could not take it up again",
                id);
  }
}

// "ADDRESS:PORT"
void set_page_server(const std::string& text, criu::Options& options) {
  if (text.empty()) return;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon > 0) {
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, options.page_server_port);
    if (parsed.ec == std::errc() && parsed.ptr == end && options.page_server_port > 0 &&
        options.page_server_port <= 0xffff) {
      options.page_server = text.substr(0, colon);
      return;
    }
  }
  throw error(Kind::kInvalidArgument, "the page server {} is not ADDRESS:PORT", text);
}

// Pages that nobody could fetch, and a word with which nobody means anything.
void check_lazy_pages(const CheckpointRequest& request, const fs::path& program) {
  if (!request.criu.lazy_pages) {
    if (!request.pages_ready) return;
    throw error(Kind::kInvalidArgument,
                "only lazy pages are told to be ready: --status-fd needs --lazy-pages");
  }
  if (request.page_server.empty()) {
    throw error(Kind::kInvalidArgument,
                "lazy pages need the ADDRESS:PORT of a page server, at which they are to be had");
  }
  if (request.pre_dump) {
    throw error(
        Kind::kInvalidArgument,
        "a pre-dump is of the memory, which lazy pages leave out: --pre-dump or --lazy-pages");
  }
  criu::require_lazy_pages(program);
}

// Only what create made: others' processes in a directory that stood before are not to be frozen.
std::string freezer_of(const cgroup::Identity& cgroups) {
  const cgroup::Membership* member = cgroups.find("freezer");
  if (member == nullptr) member = cgroups.unified();
  return member == nullptr || member->made.empty() ? std::string() : member->directory;
}

// A namespace that stood before the container is not in the image: restore finds it where the
// configuration says.
void leave_out_namespaces(const spec::Config& config, criu::Options& options) {
  for (const auto& [type, name] : criu::kExternalNamespaces) {
    const spec::Namespace* const given = config.find_namespace(type);
    if (given == nullptr || given->path.empty()) continue;
    struct stat status{};
    if (::stat(given->path.c_str(), &status) != 0) {
      throw sys_error(errno, "the {} namespace {}", name, given->path);
    }
    options.externals.push_back(
        fmt::format("{}[{}]:{}", name, status.st_ino, criu::namespace_key(name)));
  }
}

// Whether it was started by the container's first process, or by what that has started.
bool is_below(pid_t process, pid_t init) {
  while (process > 1 && process != init) {
    const auto stat = sys::proc_stat(process);
    if (!stat) return true;  // it has ended
    process = stat->parent;
  }
  return process == init;
}

class Checkpoint {
 public:
  Checkpoint(Runtime::Impl& impl, const CheckpointRequest& request)
      : impl_(impl),
        request_(request),
        directory_(impl.root.lock(request.id)),
        record_(directory_.read_record()) {
    check_container(request.id, record_, impl.state_of(directory_, record_).status);
    program_ = criu::require_program(request.criu.program);
    config_ = impl.config_of(directory_, record_);
    criu::check_config(config_);
    options_ = criu::options_of(request.criu, config_);
    set_page_server(request.page_server, options_);
    check_lazy_pages(request, program_);
    check_parent();
  }

  void run() {
    const criu::Directories directories(request_.criu);
    options_.images = directories.images();
    options_.work = directories.work();
    options_.log_file = kLog;
    options_.pid = record_.init.pid;
    options_.root = record_.rootfs;
    options_.leave_running = request_.leave_running;
    options_.skip_tcp_in_flight = request_.tcp_skip_in_flight;
    options_.link_remap = true;
    options_.parent_images = request_.parent_images;
    options_.track_memory = request_.pre_dump || !request_.parent_images.empty();
    options_.freeze_cgroup = freezer_of(identity());
    // Else CRIU takes those that hold processes for the container's, and drops what is between. In
    // a directory that stood before there may be others' cgroups.
    options_.cgroup_roots = criu::roots_of(identity(), criu::Roots::kMade);
    leave_out_namespaces(config_, options_);
    if (!request_.pre_dump) {
      options_.external_mounts =
          criu::mounts_to_leave_out(config_, record_.rootfs, identity(), record_.init.pid);
      save_stdio();
    }
    warn_of_executed_processes();
    ask(directories.log(kLog));
    if (request_.leave_running || request_.pre_dump) return;
    impl_.destroy(directory_, record_, Runtime::Impl::Processes::kKill, true);
  }

 private:
  cgroup::Identity identity() const {
    return record_.cgroups.empty() ? cgroup::Identity{} : cgroup::parse_identity(record_.cgroups);
  }

  // CRIU says nothing of them, and a restored container does not have them.
  void warn_of_executed_processes() const {
    for (const pid_t process : cgroup::Cgroup::open(identity()).processes()) {
      if (is_below(process, record_.init.pid)) continue;
      impl_.warn(
          fmt::format("process {} is not part of the checkpoint: it was executed in the container, "
                      "of which CRIU "
                      "writes the first process and what that has started",
                      process));
    }
  }

  // Who deletes the container by force must be able to end CRIU, whatever became of us.
  void ask(const fs::path& log) {
    using criu::RequestType;
    criu::Session session({.program = program_});
    record_.checkpointer = identify(session.pid());
    directory_.write_record(record_);
    session.ask(request_.pre_dump ? RequestType::kPreDump : RequestType::kDump, options_, log,
                [&](const criu::Response& notification, const std::vector<UniqueFd>&) {
                  if (notification.script == "status-ready" && request_.pages_ready) {
                    request_.pages_ready();
                  }
                });
  }

  void check_parent() const {
    const fs::path& parent = request_.parent_images;
    if (parent.empty()) return;
    if (parent.is_absolute()) {
      throw error(Kind::kInvalidArgument, "the parent's path {} is not relative to the images",
                  parent.native());
    }
    // The directory of the images may be one that is yet to be made.
    std::error_code absent;
    if (!fs::is_directory(fs::weakly_canonical(request_.criu.images / parent), absent)) {
      throw error(Kind::kInvalidArgument, "the parent's path {} leads to no directory",
                  parent.native());
    }
  }

  void save_stdio() {
    const std::vector<criu::StdioFile> files = criu::stdio_of(record_.init.pid);
    for (const criu::StdioFile& file : files) {
      if (!file.external_key.empty()) options_.externals.push_back(file.external_key);
    }
    write_file_atomically(request_.criu.images / criu::kDescriptors, criu::print_descriptors(files),
                          0600);
  }

  Runtime::Impl& impl_;
  const CheckpointRequest& request_;
  const StateDirectory directory_;
  Record record_;
  fs::path program_;
  spec::Config config_;
  criu::Options options_;
};

}  // namespace

void Runtime::checkpoint(const CheckpointRequest& request) {
  with_context("checkpoint " + request.id, [&] { Checkpoint(*impl_, request).run(); });
}

}  // namespace seatrial::runtime
