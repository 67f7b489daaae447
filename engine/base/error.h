// The one exception type of the project, and the closed set of its kinds.
#pragma once

#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace seatrial {

// What went wrong, from the caller's point of view. The set is closed: one table each maps it to
// an exit status, a HTTP status and a Python exception.
enum class Kind {
  kInvalidArgument,  // the caller's input is wrong
  kNotFound,         // the thing named does not exist
  kConflict,         // the thing exists or is in a state that forbids the operation
  kDenied,           // the kernel or a policy refused
  kUnsupported,      // this host or this build cannot do it
  kExhausted,        // a limit or a resource ran out
  kUnavailable,      // a peer is not there or hung up
  kTimeout,          // a deadline passed
  kInternal,         // a defect of ours
};

// "invalid argument", "not found", ...
std::string_view to_string(Kind kind);

// The exit status a program of ours ends with for an error of this kind. Never 0.
int exit_status(Kind kind);

// The kind that an errno value usually means.
Kind kind_of_errno(int sys_errno);

// "ENOENT", "EPERM", ...; "errno 524" where libc knows no name.
std::string errno_name(int sys_errno);

// What failed, why, and which errno the kernel gave (0: none).
//
// what() is one sentence without a final full stop, outermost context first:
// "create 7f3a: mount proc on /proc: EPERM (Operation not permitted)".
class Error : public std::exception {
 public:
  Error(Kind kind, int sys_errno, std::string context);

  Kind kind() const { return kind_; }
  int sys_errno() const { return sys_errno_; }
  const std::string& context() const { return context_; }
  const char* what() const noexcept override { return what_.c_str(); }

  // Puts "CONTEXT: " in front. For a layer that knows something new, on the way up.
  Error& add_context(std::string_view context);

 private:
  void render();

  Kind kind_;
  int sys_errno_;
  std::string context_;
  std::string what_;
};

// An error without an errno.
template <typename... Args>
Error error(Kind kind, fmt::format_string<Args...> format, Args&&... args) {
  return {kind, 0, fmt::format(format, std::forward<Args>(args)...)};
}

// An error from a failed system call; the kind follows from the errno.
template <typename... Args>
Error sys_error(int sys_errno, fmt::format_string<Args...> format, Args&&... args) {
  return {kind_of_errno(sys_errno), sys_errno, fmt::format(format, std::forward<Args>(args)...)};
}

// Runs `body`; an Error that leaves it gains "CONTEXT: " in front.
template <typename Body>
decltype(auto) with_context(std::string_view context, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& failure) {
    failure.add_context(context);
    throw;
  }
}

}  // namespace seatrial
