// Whether KVM runs a guest here: hosts that are machines themselves may show /dev/kvm and refuse
// what it is for.
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cstring>

#include "engine/base/unique_fd.h"
#include "harness/lane/machine.h"

namespace seatrial::lane {
namespace {

constexpr std::size_t kPage = 4096;
constexpr unsigned char kHalt = 0xf4;

// Memory of this process, for the guest or shared with the kernel.
class Mapping {
 public:
  Mapping(std::size_t size, int flags, int fd)
      : size_(size), at_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (*this) ::munmap(at_, size_);
  }
  explicit operator bool() const { return at_ != MAP_FAILED; }
  void* get() const { return at_; }

 private:
  std::size_t size_;
  void* at_;
};

// Lets the only processor of `machine` run the one instruction at address 0 of its real mode.
bool halts(int kvm, int machine) {
  const UniqueFd processor(::ioctl(machine, KVM_CREATE_VCPU, 0));
  const int size = ::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (!processor || size <= 0) return false;
  const Mapping shared(static_cast<std::size_t>(size), MAP_SHARED, processor.get());
  kvm_sregs segments{};
  if (!shared || ::ioctl(processor.get(), KVM_GET_SREGS, &segments) != 0) return false;
  segments.cs.base = 0;
  segments.cs.selector = 0;
  kvm_regs registers{};
  registers.rflags = 2;  // the bit that is always set
  if (::ioctl(processor.get(), KVM_SET_SREGS, &segments) != 0) return false;
  if (::ioctl(processor.get(), KVM_SET_REGS, &registers) != 0) return false;
  auto* const run = static_cast<kvm_run*>(shared.get());
  return ::ioctl(processor.get(), KVM_RUN, 0) == 0 && run->exit_reason == KVM_EXIT_HLT;
}

}  // namespace

bool kvm_runs() {
  const UniqueFd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm || ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0) != KVM_API_VERSION) return false;
  const UniqueFd machine(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  const Mapping memory(kPage, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (!machine || !memory) return false;
  std::memset(memory.get(), kHalt, kPage);
  kvm_userspace_memory_region region{};
  region.memory_size = kPage;
  region.userspace_addr = reinterpret_cast<__u64>(memory.get());
  if (::ioctl(machine.get(), KVM_SET_USER_MEMORY_REGION, &region) != 0) return false;
  return halts(kvm.get(), machine.get());
}

}  // namespace seatrial::lane
