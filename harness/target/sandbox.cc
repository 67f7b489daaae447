#include "harness/target/sandbox.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "harness/core/lack.h"

namespace seatrial::harness {
namespace {

struct Call {
  std::string_view name;
  unsigned number;  // the same on every architecture
};
constexpr std::array kNewer{Call{"openat2", SYS_openat2},
                            Call{"clone3", SYS_clone3},
                            Call{"open_tree", SYS_open_tree},
                            Call{"move_mount", SYS_move_mount},
                            Call{"fsopen", SYS_fsopen},
                            Call{"fsconfig", SYS_fsconfig},
                            Call{"fsmount", SYS_fsmount},
                            Call{"fspick", SYS_fspick},
                            Call{"mount_setattr", SYS_mount_setattr}};

class Sandboxed : public Target {
 public:
  explicit Sandboxed(std::unique_ptr<Target> target) : target_(std::move(target)) {}

  const TargetInfo& info() const override { return target_->info(); }
  const std::filesystem::path& state_root() const override { return target_->state_root(); }
  void prepare_namespace() override { target_->prepare_namespace(); }

  Outcome create(const CreateCall& call) override { return judged(target_->create(call)); }
  Outcome start(const std::string& id) override { return judged(target_->start(id)); }
  Outcome run(const CreateCall& call) override { return judged(target_->run(call)); }
  Outcome exec(const ExecCall& call) override { return judged(target_->exec(call)); }
  Outcome state(const std::string& id) override { return target_->state(id); }
  Outcome kill(const std::string& id, const std::string& signal, bool all) override {
    return target_->kill(id, signal, all);
  }
  Outcome remove(const std::string& id, bool force) override { return target_->remove(id, force); }
  Outcome list() override { return target_->list(); }
  Outcome ps(const std::string& id) override { return target_->ps(id); }
  Outcome command(const std::vector<std::string>& arguments) override {
    return judged(target_->command(arguments));
  }

 private:
  static Outcome judged(Outcome outcome) {
    if (outcome.succeeded() || !names_newer_call(outcome.error_text)) return outcome;
    throw Lack(fmt::format("refused by name in the sandbox: {}", outcome.error_text));
  }

  std::unique_ptr<Target> target_;
};

}  // namespace

void refuse_newer_calls() {
  std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (std::size_t i = 0; i < kNewer.size(); ++i) {
    // Over the later comparisons and the return that lets the call through.
    const auto to_refusal = static_cast<unsigned char>(kNewer.size() - i);
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNewer[i].number, to_refusal, 0));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    throw sys_error(errno, "load the filter of a sandbox");
  }
}

bool names_newer_call(std::string_view sentence) {
  return std::any_of(kNewer.begin(), kNewer.end(), [&](const Call& call) {
    return sentence.find(call.name) != std::string_view::npos;
  });
}

std::unique_ptr<Target> sandboxed(std::unique_ptr<Target> target) {
  return std::make_unique<Sandboxed>(std::move(target));
}

}  // namespace seatrial::harness
