#include "engine/base/error.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace seatrial {
namespace {

struct KindFacts {
  std::string_view name;
  int exit_status;
};

// Indexed by Kind. Statuses 125 to 127 stay free for what callers of runtimes expect of them.
constexpr std::array<KindFacts, 9> kKinds{{
    {"invalid argument", 2},
    {"not found", 3},
    {"conflict", 4},
    {"denied", 5},
    {"unsupported", 6},
    {"exhausted", 7},
    {"unavailable", 8},
    {"timeout", 9},
    {"internal", 10},
}};

const KindFacts& facts(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

}  // namespace

std::string_view to_string(Kind kind) {
  return facts(kind).name;
}

int exit_status(Kind kind) {
  return facts(kind).exit_status;
}

Kind kind_of_errno(int sys_errno) {
  switch (sys_errno) {
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENOEXEC:
      return Kind::kInvalidArgument;
    case ENOENT:
    case ESRCH:
    case ENXIO:
    case ENODEV:
      return Kind::kNotFound;
    case EEXIST:
    case EBUSY:
    case ENOTEMPTY:
      return Kind::kConflict;
    case EPERM:
    case EACCES:
    case EROFS:
      return Kind::kDenied;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
      return Kind::kUnsupported;
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EDQUOT:
      return Kind::kExhausted;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
      return Kind::kUnavailable;
    case ETIMEDOUT:
      return Kind::kTimeout;
    default:
      return Kind::kInternal;
  }
}

std::string errno_name(int sys_errno) {
  const char* name = ::strerrorname_np(sys_errno);
  return name != nullptr ? std::string(name) : fmt::format("errno {}", sys_errno);
}

Error::Error(Kind kind, int sys_errno, std::string context)
    : kind_(kind), sys_errno_(sys_errno), context_(std::move(context)) {
  render();
}

Error& Error::add_context(std::string_view context) {
  context_ = fmt::format("{}: {}", context, context_);
  render();
  return *this;
}

void Error::render() {
  what_ = sys_errno_ == 0 ? context_
                          : fmt::format("{}: {} ({})", context_, errno_name(sys_errno_),
                                        ::strerrordesc_np(sys_errno_));
}

}  // namespace seatrial
