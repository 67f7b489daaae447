#include "engine/security/seccomp.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "engine/security/later_calls.h"

namespace seatrial::security {
namespace {

constexpr std::uint32_t kBinaryTreeLevel = 2;  // of SCMP_FLTATR_CTL_OPTIMIZE

// libseccomp's words for actions are the kernel's SECCOMP_RET_* values.
std::uint32_t verdict(spec::SeccompAction action, std::optional<std::uint16_t> errno_ret) {
  const std::uint16_t number = errno_ret.value_or(EPERM);
  switch (action) {
    case spec::SeccompAction::kKillThread:
      return SCMP_ACT_KILL_THREAD;
    case spec::SeccompAction::kKillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case spec::SeccompAction::kTrap:
      return SCMP_ACT_TRAP;
    case spec::SeccompAction::kErrno:
      return SCMP_ACT_ERRNO(number);
    case spec::SeccompAction::kTrace:
      return SCMP_ACT_TRACE(number);
    case spec::SeccompAction::kAllow:
      return SCMP_ACT_ALLOW;
    case spec::SeccompAction::kLog:
      return SCMP_ACT_LOG;
    case spec::SeccompAction::kNotify:
      return SCMP_ACT_NOTIFY;
  }
  throw error(Kind::kInternal, "an action of seccomp without a meaning");
}

scmp_compare operator_of(spec::SeccompOperator op) {
  switch (op) {
    case spec::SeccompOperator::kNotEqual:
      return SCMP_CMP_NE;
    case spec::SeccompOperator::kLess:
      return SCMP_CMP_LT;
    case spec::SeccompOperator::kLessEqual:
      return SCMP_CMP_LE;
    case spec::SeccompOperator::kEqual:
      return SCMP_CMP_EQ;
    case spec::SeccompOperator::kGreaterEqual:
      return SCMP_CMP_GE;
    case spec::SeccompOperator::kGreater:
      return SCMP_CMP_GT;
    case spec::SeccompOperator::kMaskedEqual:
      return SCMP_CMP_MASKED_EQ;
  }
  throw error(Kind::kInternal, "an operator of seccomp without a meaning");
}

// "SCMP_ARCH_X86_64" -> libseccomp's token; 0 where this libseccomp has no such architecture.
std::uint32_t architecture_token(const std::string& name) {
  std::string word = name.substr(std::strlen("SCMP_ARCH_"));
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return seccomp_arch_resolve_name(word.c_str());
}

class Compiler {
 public:
  Compiler(const spec::Seccomp& profile, Search search)
      : profile_(profile), default_(verdict(profile.default_action, profile.default_errno_ret)) {
    context_.reset(seccomp_init(default_));
    if (!context_) throw error(Kind::kInternal, "libseccomp cannot begin a filter");
    if (search == Search::kBinaryTree) {
      check(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTreeLevel),
            "linux.seccomp: a search by halves");
    }
  }

  std::string compile() {
    add_architectures();
    for (std::size_t i = 0; i < profile_.syscalls.size(); ++i) add_rule(i);
    std::string program = later_instructions();
    program += exported();
    if (const std::size_t count = program.size() / sizeof(sock_filter); count > BPF_MAXINSNS) {
      throw error(Kind::kInvalidArgument,
                  "linux.seccomp: the filter has {} instructions; the kernel takes at most {}",
                  count, BPF_MAXINSNS);
    }
    return program;
  }

 private:
  static void check(int result, std::string_view what) {
    if (result >= 0) return;
    throw error(Kind::kInvalidArgument, "{} is refused by libseccomp: {}", what,
                errno_name(-result));
  }

  // The host's own is there from the start: the runtime's last calls are made by it.
  void add_architectures() {
    add_token(seccomp_arch_native());
    for (const std::string& name : profile_.architectures) {
      const std::uint32_t token = architecture_token(name);
      if (token == 0) {
        throw error(Kind::kUnsupported,
                    "linux.seccomp.architectures: {} is not supported by this "
                    "build's libseccomp",
                    name);
      }
      const int result = seccomp_arch_add(context_.get(), token);
      if (result == -EEXIST) continue;
      check(result, "linux.seccomp.architectures: " + name);
      add_token(token);
    }
  }

  void add_token(std::uint32_t token) {
    if (token == SCMP_ARCH_X32) {
      x32_ = true;
      token = AUDIT_ARCH_X86_64;  // what the kernel calls it
    }
    if (std::find(tokens_.begin(), tokens_.end(), token) == tokens_.end()) tokens_.push_back(token);
  }

  static std::string name_of(std::size_t index) {
    return fmt::format("linux.seccomp.syscalls[{}]", index);
  }

  void add_rule(std::size_t index) {
    const spec::SeccompRule& rule = profile_.syscalls[index];
    const std::uint32_t action = verdict(rule.action, rule.errno_ret);
    const std::vector<scmp_arg_cmp> conditions = conditions_of(index);
    for (const std::string& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        add_later(index, name, action);
      } else if (action != default_) {
        check(seccomp_rule_add_array(context_.get(), action, number,
                                     static_cast<unsigned>(conditions.size()), conditions.data()),
              name_of(index) + ": the rule for " + name);
      }
    }
  }

  std::vector<scmp_arg_cmp> conditions_of(std::size_t index) const {
    std::vector<scmp_arg_cmp> conditions;
    unsigned seen = 0;
    for (const spec::SeccompArgument& argument : profile_.syscalls[index].args) {
      const unsigned bit = 1u << argument.index;
      if ((seen & bit) != 0) {
        // libseccomp takes one. Other runtimes then let either hold where all should.
        throw error(Kind::kUnsupported,
                    "{}.args: two conditions on argument {} are not supported by this build",
                    name_of(index), argument.index);
      }
      seen |= bit;
      conditions.push_back(
          {argument.index, operator_of(argument.op), argument.value, argument.value_two});
    }
    return conditions;
  }

  void add_later(std::size_t index, const std::string& name, std::uint32_t action) {
    const auto number = later_call(name);
    if (!number || action == default_) return;
    if (!profile_.syscalls[index].args.empty()) {
      throw error(Kind::kUnsupported,
                  "{}.args: conditions on {} are not supported by this build's libseccomp",
                  name_of(index), name);
    }
    for (const LaterRule& other : later_) {
      if (other.number != *number) continue;
      if (other.verdict == action) return;
      throw error(Kind::kInvalidArgument, "{}: another rule has a different action for {}",
                  name_of(index), name);
    }
    later_.push_back({.number = *number, .verdict = action});
  }

  std::string later_instructions() const {
    if (later_.empty()) return {};
    const std::vector<sock_filter> program = later_prologue(later_, tokens_, x32_);
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
  }

  std::string exported() const {
    const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file) throw sys_error(errno, "make a memory file for a seccomp filter");
    check(seccomp_export_bpf(context_.get(), file.get()), "linux.seccomp: the whole filter");
    if (::lseek(file.get(), 0, SEEK_SET) != 0) throw sys_error(errno, "read a seccomp filter");
    return read_all(file.get(), "the seccomp filter");
  }

  struct Release {
    void operator()(void* context) const { seccomp_release(context); }
  };

  const spec::Seccomp& profile_;
  const std::uint32_t default_;
  std::unique_ptr<void, Release> context_;
  std::vector<std::uint32_t> tokens_;  // AUDIT_ARCH_*
  bool x32_ = false;
  std::vector<LaterRule> later_;
};

}  // namespace

std::string compile(const spec::Seccomp& profile, Search search) {
  return Compiler(profile, search).compile();
}

}  // namespace seatrial::security
