// What a process can get at that is not its own: sockets, terminals, other processes.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>

#include "harness/probe/commands.h"
#include "harness/probe/json_line.h"

namespace seatrial::probe {
namespace {

int connect_to(int family, const sockaddr* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int failure = ::connect(fd, address, size) == 0 ? 0 : errno;
  ::close(fd);
  return failure;
}

// connect ADDRESS PORT
void connect_tcp(const Operands& operands) {
  if (operands.size() != 2) return;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(operands[1].c_str())));
  ::inet_pton(AF_INET, operands[0].c_str(), &address.sin_addr);
  const int failure =
      connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  JsonLine("connect", operands[0]).error(failure).print();
}

void connect_abstract(const Operands& names) {
  for (const std::string& name : names) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
    std::memcpy(address.sun_path + 1, name.data(), length);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
    const int failure = connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), size);
    JsonLine("connect_abstract", name).error(failure).print();
  }
}

// Takes hold of a process and lets go of it again.
void trace(const Operands& pids) {
  for (const std::string& pid : pids) {
    const auto number = static_cast<pid_t>(std::atoi(pid.c_str()));
    const int failure = ::ptrace(PTRACE_SEIZE, number, nullptr, nullptr) == 0 ? 0 : errno;
    if (failure == 0) {
      ::ptrace(PTRACE_INTERRUPT, number, nullptr, nullptr);
      ::waitpid(number, nullptr, 0);
      ::ptrace(PTRACE_DETACH, number, nullptr, nullptr);
    }
    JsonLine("trace", pid).error(failure).print();
  }
}

// tiocsti PATH TEXT: as if it had been typed at that terminal; "-" is standard input.
void push_input(const Operands& operands) {
  if (operands.size() != 2) return;
  const bool own = operands[0] == "-";
  const int fd = own ? STDIN_FILENO : ::open(operands[0].c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  int failure = fd < 0 ? errno : 0;
  for (const char c : operands[1]) {
    if (failure == 0 && ::ioctl(fd, TIOCSTI, &c) != 0) failure = errno;
  }
  if (!own && fd >= 0) ::close(fd);
  JsonLine("tiocsti", operands[0]).error(failure).print();
}

// run PROGRAM WORD...: another copy of the probe, whose answers come among ours.
void run_program(const Operands& words) {
  if (words.empty()) return;
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(argv[0], argv.data());
    JsonLine("run", words[0]).error(errno).print();
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  JsonLine("run", words[0]).number("code", WEXITSTATUS(status)).print();
}

struct File {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator<(const File& other) const {
    return device != other.device ? device < other.device : inode < other.inode;
  }
};

bool identify(int fd, File& file, mode_t& mode) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return false;
  file = {status.st_dev, status.st_ino};
  mode = status.st_mode;
  return true;
}

File identity_of(const char* path) {
  struct stat status{};
  return ::stat(path, &status) == 0 ? File{status.st_dev, status.st_ino} : File{};
}

// What this process may hold anyway.
struct Own {
  dev_t root = identity_of("/").device;
  dev_t program = identity_of("/proc/self/exe").device;  // overlayfs may have one per layer
  dev_t proc = identity_of("/proc").device;

  bool has(const File& file) const {
    return file.device == root || file.device == program || file.device == proc;
  }
};

class JoinerWatch {
 public:
  // Opens what /proc shows of every other process, and keeps the names of what is not ours. Returns
  // whether there was one.
  bool look() {
    DIR* proc = ::opendir("/proc");
    if (proc == nullptr) return false;
    bool found = false;
    while (const dirent* entry = ::readdir(proc)) {
      const int pid = std::atoi(entry->d_name);
      if (pid <= 1 || pid == ::getpid()) continue;
      found = true;
      seen_.insert(pid);
      const std::string base = std::string("/proc/") + entry->d_name;
      for (const char* name : {"/root", "/cwd", "/exe"}) open_one(base + name);
      look_at_descriptors(base + "/fd");
    }
    ::closedir(proc);
    return found;
  }

  void print() const {
    JsonLine("watch_joiners")
        .unsigned_number("joiners", seen_.size())
        .unsigned_number("own", own_.size())
        .texts("foreign", {foreign_.begin(), foreign_.end()})
        .print();
  }

 private:
  void look_at_descriptors(const std::string& directory) {
    DIR* fds = ::opendir(directory.c_str());
    if (fds == nullptr) return;
    while (const dirent* entry = ::readdir(fds)) {
      // 0 to 2 are what was asked for, whoever holds them.
      if (std::atoi(entry->d_name) > 2) open_one(directory + "/" + entry->d_name);
    }
    ::closedir(fds);
  }

  void open_one(const std::string& path) {
    // A pipe's other end may be missing, and a terminal must not become ours.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return;
    File file;
    mode_t mode = 0;
    if (identify(fd, file, mode) && (S_ISDIR(mode) || S_ISREG(mode))) judge(path, fd, file);
    ::close(fd);
  }

  void judge(const std::string& path, int fd, const File& file) {
    if (own_place_.has(file)) {
      own_.insert(file);
      return;
    }
    char target[4096] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target, sizeof target - 1) < 0) target[0] = '\0';
    foreign_.insert(path.substr(path.find('/', 6)) + " -> " + target);
  }

  Own own_place_;
  std::set<int> seen_;
  std::set<File> own_;
  std::set<std::string> foreign_;
};

// watch_joiners FILE: until FILE is there and who made it has gone, which this process's end would
// kill; or a minute has gone.
void watch_joiners(const Operands& operands) {
  if (operands.empty()) return;
  JsonLine("watching").print();
  JoinerWatch watch;
  const time_t end = ::time(nullptr) + 60;
  while (::time(nullptr) < end) {
    const bool enough = ::access(operands[0].c_str(), F_OK) == 0;
    if (!watch.look() && enough) break;
  }
  watch.print();
}

}  // namespace

const std::vector<NamedCommand>& reach_commands() {
  static const std::vector<NamedCommand> commands = {
      {"connect", connect_tcp}, {"connect_abstract", connect_abstract},
      {"trace", trace},         {"tiocsti", push_input},
      {"run", run_program},     {"watch_joiners", watch_joiners},
  };
  return commands;
}

}  // namespace seatrial::probe
