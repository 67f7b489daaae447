#include "harness/lane/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/spawn.h"
#include "harness/lane/tool.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEmulator = "qemu-system-x86_64";
constexpr int kConsole = 3;
constexpr int kResults = 4;
constexpr int kInitramfs = 5;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "make a pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A panic restarts the machine at once, and QEMU is told to end instead. What is an error or worse
// goes to the console: an out of memory does.
std::string kernel_words(const MachineRequest& request) {
  std::string words =
      "console=ttyS0 loglevel=4 panic=-1 mitigations=off random.trust_cpu=on nowatchdog "
      "no_timer_check tsc=reliable";
  // All by name: where AppArmor is merely off, the kernel takes the next one that it has, SELinux.
  // bpf last, because it answers first for /proc/PID/attr and knows nothing.
  words += " lsm=lockdown,landlock,yama,loadpin,safesetid,integrity,";
  if (request.security == SecurityModule::kAppArmor) words += "apparmor,";
  if (request.security == SecurityModule::kSelinux) words += "selinux,";
  words += "bpf";
  return words;
}

std::string opened(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace

std::vector<std::string> machine_command(const MachineRequest& request) {
  const bool kvm = request.accelerator == Accelerator::kKvm;
  return {kEmulator,
          "-nodefaults",
          "-no-user-config",
          "-no-reboot",
          "-machine",
          kvm ? "pc,accel=kvm" : "pc,accel=tcg",
          "-cpu",
          kvm ? "host" : "max",
          "-smp",
          fmt::format("{}", request.cpus),
          "-m",
          fmt::format("{}", request.memory_mib),
          "-display",
          "none",
          "-nic",
          "none",
          "-kernel",
          request.kernel.native(),
          "-initrd",
          opened(kInitramfs),
          "-append",
          kernel_words(request),
          "-chardev",
          "file,id=console,path=" + opened(kConsole),
          "-serial",
          "chardev:console",
          "-chardev",
          "file,id=results,path=" + opened(kResults),
          "-device",
          "virtio-serial-pci",
          "-device",
          "virtserialport,chardev=results"};
}

Machine::Machine(const MachineRequest& request) {
  const fs::path program = find_program(kEmulator);
  if (program.empty()) {
    throw error(Kind::kNotFound, "{} is not installed (package qemu-system-x86), and lanes need it",
                kEmulator);
  }
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  Pipe console = make_pipe();
  Pipe results = make_pipe();
  Pipe complaints = make_pipe();
  process_ = sys::spawn({.path = program.native(),
                         .args = machine_command(request),
                         .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"},
                         .placements = {{null.get(), STDIN_FILENO},
                                        {null.get(), STDOUT_FILENO},
                                        {complaints.write.get(), STDERR_FILENO},
                                        {console.write.get(), kConsole},
                                        {results.write.get(), kResults},
                                        {request.initramfs, kInitramfs}},
                         .own_process_group = true,
                         .ends_with_parent = true});
  console_ = std::move(console.read);
  results_ = std::move(results.read);
  complaints_ = std::move(complaints.read);
}

Machine::~Machine() {
  if (!process_) return;
  try {
    process_.send_signal(SIGKILL);
    process_.wait_exit(std::nullopt);
    process_.reap();
  } catch (const Error&) {
    // The kernel ends it with us.
  }
}

}  // namespace seatrial::lane
