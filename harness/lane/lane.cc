#include "harness/lane/lane.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/lane/initramfs.h"
#include "harness/lane/kernel.h"
#include "harness/lane/machine.h"
#include "harness/lane/policy.h"
#include "harness/lane/tool.h"
#include "harness/lane/wire.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

using Clock = Watch::Clock;

constexpr std::chrono::seconds kKvmBoots{10};

// Reads what the machine says until there is a verdict.
class Listener {
 public:
  Listener(const Machine& machine, Watch& watch, const fs::path& console)
      : machine_(machine), watch_(watch) {
    if (!console.empty()) console_ = open_file(console, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }

  void run() {
    std::array<pollfd, 3> ends{{{machine_.results(), POLLIN, 0},
                                {machine_.console(), POLLIN, 0},
                                {machine_.complaints(), POLLIN, 0}}};
    while (!watch_.verdict()) {
      if (std::all_of(ends.begin(), ends.end(), [](const pollfd& end) { return end.fd < 0; })) {
        watch_.ended();
        return;
      }
      wait(ends);
      for (std::size_t i = 0; i < ends.size() && !watch_.verdict(); ++i) {
        if (ends[i].revents != 0 && !hear(ends[i].fd)) ends[i].fd = -1;
      }
      watch_.time(Clock::now());
    }
  }

 private:
  void wait(std::array<pollfd, 3>& ends) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(watch_.next() - Clock::now());
    const int timeout = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    if (::poll(ends.data(), ends.size(), timeout) < 0 && errno != EINTR) {
      throw sys_error(errno, "wait for the machine");
    }
  }

  // False at the end.
  bool hear(int fd) {
    const ssize_t got = ::read(fd, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (fd == machine_.results()) {
      watch_.results(bytes, Clock::now());
    } else if (fd == machine_.console()) {
      watch_.console(bytes, Clock::now());
      if (console_) write_all(console_.get(), bytes, "the file of the console");
    } else {
      watch_.complaint(bytes);
    }
    return true;
  }

  const Machine& machine_;
  Watch& watch_;
  UniqueFd console_;
  std::string buffer_ = std::string(64 * 1024, '\0');
};

}  // namespace

void check_kernel(std::string_view series) {
  if (series != "6.1") {
    throw error(Kind::kUnsupported, "lanes are known to work with the kernel 6.1, not with \"{}\"",
                series);
  }
}

LaneName parse_lane_name(std::string_view text) {
  return with_context(fmt::format("lane \"{}\"", text), [&] {
    std::array<std::string_view, 3> parts{};
    std::string_view rest = text;
    for (std::string_view& part : parts) {
      part = rest.substr(0, rest.find('-'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    if (!rest.empty() || parts[1].empty()) {
      throw error(Kind::kInvalidArgument,
                  "a lane is called KERNEL-CGROUPS or KERNEL-CGROUPS-MODULE, as 6.1-v2-apparmor");
    }
    check_kernel(parts[0]);
    return LaneName{
        .kernel = std::string(parts[0]),
        .cgroup = parse_cgroup_layout(parts[1]),
        .security = parts[2].empty() ? SecurityModule::kNone : parse_security_module(parts[2])};
  });
}

fs::path default_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return fs::path(cache) / "seatrial/lanes";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') {
    throw error(Kind::kInvalidArgument,
                "neither XDG_CACHE_HOME nor HOME says where to keep kernels");
  }
  return fs::path(home) / ".cache/seatrial/lanes";
}

namespace {

// Beside the kernels: that KVM did not boot one since the host was started.
fs::path kvm_mark(const fs::path& cache) {
  std::string boot = read_file("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  return cache / ("no-kvm-" + boot);
}

struct Boot {
  Verdict verdict = {};
  bool alive = false;  // init has spoken: whatever came, it is the job's
};

Boot boot(const LaneRequest& request, const MachineRequest& machine_request, Watch watch) {
  const Machine machine(machine_request);
  Listener(machine, watch, request.console).run();
  return {.verdict = *watch.verdict(), .alive = watch.alive()};
}

std::uint64_t size_of(const UniqueFd& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw sys_error(errno, "stat the initramfs of a lane");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

int memory_for(int wanted_mib, std::uint64_t initramfs_bytes) {
  constexpr int kUsual = 2048;
  constexpr int kKernel = 128;
  constexpr int kWork = 512;  // for the job beside its files
  const int least = 3 * static_cast<int>(initramfs_bytes >> 20) + kKernel;
  if (wanted_mib == 0) return std::max(kUsual, least + kWork);
  if (wanted_mib >= least) return wanted_mib;
  throw error(
      Kind::kInvalidArgument,
      "{} MiB of memory are too little for a lane that takes {} MiB of files along: it needs "
      "{} MiB to boot",
      wanted_mib, initramfs_bytes >> 20, least);
}

Verdict run_lane(const LaneRequest& request, const Sinks& sinks) {
  check_kernel(request.name.kernel);
  Job job = request.job;
  job.cgroup = request.name.cgroup;
  job.security = request.name.security;
  Cargo cargo = request.cargo;
  if (job.security == SecurityModule::kSelinux) {
    cargo.add_directory(fs::path(wire::kPolicyFile).parent_path());
    cargo.add_text(wire::kPolicyFile, compile_policy());
  }
  const Kernel kernel = provide_kernel(request.name.kernel, request.cache);
  const UniqueFd initramfs = make_initramfs(kernel, cargo, job, request.cache);
  const Watch::Limits limits{.deadline = request.timeout, .silence = request.silence};
  MachineRequest machine{.kernel = kernel.image,
                         .initramfs = initramfs.get(),
                         .security = request.name.security,
                         .memory_mib = memory_for(request.memory_mib, size_of(initramfs)),
                         .cpus = request.cpus};
  const auto boot_within = [&](std::chrono::seconds first_sign) {
    Watch::Limits brief = limits;
    brief.first_sign = first_sign;
    return boot(request, machine, Watch(sinks, brief, Clock::now()));
  };
  if (!fs::exists(kvm_mark(request.cache)) && kvm_runs()) {
    // A processor of hardware boots in two seconds; one that does not boot is given up early.
    machine.accelerator = Accelerator::kKvm;
    if (const Boot got = boot_within(kKvmBoots); got.alive) return got.verdict;
    write_file_atomically(kvm_mark(request.cache), "");
    machine.accelerator = Accelerator::kTcg;
  }
  // Now and then an emulated processor stands still before the kernel has said a word.
  const Boot got = boot_within(request.first_sign);
  if (got.alive || got.verdict.kind != VerdictKind::kHang) return got.verdict;
  return boot_within(limits.first_sign).verdict;
}

}  // namespace seatrial::lane
