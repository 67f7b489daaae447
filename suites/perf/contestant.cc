#include "suites/perf/contestant.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>

#include "engine/base/error.h"
#include "suites/perf/clock.h"
#include "suites/perf/control.h"

namespace seatrial::perf {
namespace {

// posix_spawn's two attribute objects, with an owner.
class SpawnSetup {
 public:
  explicit SpawnSetup(int stdout_fd) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (stdout_fd < 0) {
      ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions, stdout_fd, 1);
    }
    // A group of its own: an interrupt from the keyboard ends the benchmark between two
    // lifecycles and none in the middle, so that nothing is left behind.
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

pid_t spawn(const std::vector<std::string>& command, const SpawnSetup& setup) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, arguments[0], &setup.actions, &setup.attributes,
                                    arguments.data(), environ);
  if (failure != 0) throw sys_error(failure, "start {}", command[0]);
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw sys_error(errno, "wait for process {}", pid);
  }
  return status;
}

void expect_success(const std::vector<std::string>& command, int status) {
  if (status == 0) return;
  std::string words;
  for (const std::string& word : command) words += (words.empty() ? "" : " ") + word;
  if (WIFSIGNALED(status)) {
    throw error(Kind::kInternal, "`{}` was killed by signal {}", words, WTERMSIG(status));
  }
  throw error(Kind::kInternal, "`{}` ended with {} where 0 was expected", words,
              WEXITSTATUS(status));
}

}  // namespace

void run_command(const std::vector<std::string>& command, int stdout_fd) {
  const SpawnSetup setup(stdout_fd);
  expect_success(command, wait_for(spawn(command, setup)));
}

std::int64_t CommandContestant::play() {
  const SpawnSetup setup(stdout_fd_);
  const std::int64_t begin = monotonic_ns();
  const int status = wait_for(spawn(command_, setup));
  const std::int64_t end = monotonic_ns();
  expect_success(command_, status);
  return end - begin;
}

Server::Server(const std::string& program, const std::vector<std::string>& arguments, int stdout_fd)
    : program_(program) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw sys_error(errno, "make a socket pair");
  }
  control_ = UniqueFd(ends[0]);
  const UniqueFd theirs(ends[1]);
  SpawnSetup setup(stdout_fd);
  // dup2 onto the same number clears close-on-exec for the child alone.
  ::posix_spawn_file_actions_adddup2(&setup.actions, theirs.get(), theirs.get());
  std::vector<std::string> command = {program, std::to_string(theirs.get())};
  command.insert(command.end(), arguments.begin(), arguments.end());
  pid_ = spawn(command, setup);
}

Server::~Server() {
  control_.reset();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

void Server::ask(const void* request, std::size_t request_size, void* reply,
                 std::size_t reply_size) {
  ssize_t size = ::send(control_.get(), request, request_size, MSG_NOSIGNAL);
  if (size == static_cast<ssize_t>(request_size)) {
    do {
      size = ::recv(control_.get(), reply, reply_size, 0);
    } while (size < 0 && errno == EINTR);
  }
  if (size != static_cast<ssize_t>(reply_size)) {
    throw error(Kind::kUnavailable, "{} gave up; its reason stands on stderr", program_);
  }
}

std::int64_t ServerContestant::play() {
  const auto reply = server_.ask<Reply>('r');
  resident_kib_ = reply.resident_kib;
  return reply.nanoseconds;
}

}  // namespace seatrial::perf
