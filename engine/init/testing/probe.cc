// Runs as the container's program in the tests: answers "COMMAND:ARGUMENT" questions, one line
// each.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string failure() {
  return strerrorname_np(errno);
}

std::string read_path(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY);
  if (fd < 0) return failure();
  char bytes[4096];
  const ssize_t size = read(fd, bytes, sizeof bytes);
  close(fd);
  if (size < 0) return failure();
  std::string text(bytes, static_cast<std::size_t>(size));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string write_path(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  if (fd < 0) return failure();
  const bool wrote = write(fd, "x", 1) == 1;
  close(fd);
  return wrote ? "ok" : failure();
}

std::string kind(const std::string& path) {
  struct stat facts;
  if (lstat(path.c_str(), &facts) != 0) return failure();
  char text[4096];
  if (S_ISLNK(facts.st_mode)) {
    const ssize_t size = readlink(path.c_str(), text, sizeof text);
    return "link " + std::string(text, static_cast<std::size_t>(size));
  }
  const char* type = S_ISDIR(facts.st_mode)    ? "dir"
                     : S_ISREG(facts.st_mode)  ? "file"
                     : S_ISCHR(facts.st_mode)  ? "char"
                     : S_ISBLK(facts.st_mode)  ? "block"
                     : S_ISFIFO(facts.st_mode) ? "fifo"
                                               : "other";
  std::snprintf(text, sizeof text, "%s %04o %u:%u", type, facts.st_mode & 07777, facts.st_uid,
                facts.st_gid);
  std::string result = text;
  if (S_ISCHR(facts.st_mode) || S_ISBLK(facts.st_mode)) {
    std::snprintf(text, sizeof text, " %u,%u", major(facts.st_rdev), minor(facts.st_rdev));
    result += text;
  }
  return result;
}

std::string identity() {
  std::ostringstream text;
  text << getuid() << ' ' << geteuid() << ' ' << getgid() << ' ' << getegid() << " groups";
  gid_t groups[64];
  const int count = getgroups(64, groups);
  for (int i = 0; i < count; ++i) text << ' ' << groups[i];
  return text.str();
}

std::string capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  syscall(SYS_capget, &header, sets);
  unsigned long bounding = 0;
  unsigned long ambient = 0;
  for (unsigned long i = 0; i < 64; ++i) {
    if (prctl(PR_CAPBSET_READ, i) == 1) bounding |= 1UL << i;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) ambient |= 1UL << i;
  }
  char text[200];
  std::snprintf(text, sizeof text, "eff %x prm %x inh %x bnd %lx amb %lx", sets[0].effective,
                sets[0].permitted, sets[0].inheritable, bounding, ambient);
  return text;
}

std::string descriptors() {
  std::string text;
  for (int fd = 0; fd < 256; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) text += (text.empty() ? "" : " ") + std::to_string(fd);
  }
  return text;
}

// "OPTIONS TYPE SUPER [shared|master]" of the mount that stands on top at the path.
std::string mount_at(const std::string& path) {
  std::ifstream mountinfo("/proc/self/mountinfo");
  std::string line;
  std::string found = "none";
  while (std::getline(mountinfo, line)) {
    std::istringstream fields(line);
    std::string id, parent, device, root, target, options, tag, propagation, type, source, super;
    fields >> id >> parent >> device >> root >> target >> options;
    while (fields >> tag && tag != "-") propagation += " " + tag.substr(0, tag.find(':'));
    fields >> type >> source >> super;
    if (target == path) found = options + " " + type + " " + super + propagation;
  }
  return found;
}

std::string loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0) return failure();
  return (request.ifr_flags & IFF_UP) != 0 ? "up" : "down";
}

std::string signals() {
  std::string text;
  for (int i = 1; i <= 64; ++i) {
    struct sigaction action = {};
    if (sigaction(i, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      text += " " + std::to_string(i);
    }
  }
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, nullptr, &blocked);
  for (int i = 1; i <= 64; ++i) {
    if (sigismember(&blocked, i) == 1) text += " blocked " + std::to_string(i);
  }
  return text.empty() ? "default" : text;
}

std::string limit_of_files() {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::to_string(limit.rlim_cur) + " " + std::to_string(limit.rlim_max);
}

std::string answer(const std::string& command, const std::string& argument) {
  utsname names;
  uname(&names);
  char path[4096];
  if (command == "read") return read_path(argument);
  if (command == "write") return write_path(argument);
  if (command == "mkdir") return mkdir(argument.c_str(), 0755) == 0 ? "ok" : failure();
  // To the mode of a null device: that of the host would survive a build that does not refuse.
  if (command == "chmod") return chmod(argument.c_str(), 0666) == 0 ? "ok" : failure();
  if (command == "open") return open(argument.c_str(), O_RDWR) >= 0 ? "ok" : failure();
  if (command == "kind") return kind(argument);
  if (command == "id") return identity();
  if (command == "caps") return capabilities();
  if (command == "fds") return descriptors();
  if (command == "mount") return mount_at(argument);
  if (command == "lo") return loopback();
  if (command == "signals") return signals();
  if (command == "nofile") return limit_of_files();
  if (command == "cwd") return getcwd(path, sizeof path) != nullptr ? path : failure();
  if (command == "host") return names.nodename;
  if (command == "domain") return names.domainname;
  if (command == "pid") return std::to_string(getpid());
  if (command == "leader") return getsid(0) == getpid() ? "yes" : "no";
  if (command == "umask") return std::to_string(umask(0));
  if (command == "nnp") return std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  if (command == "tty") return isatty(0) != 0 && ttyname(0) != nullptr ? ttyname(0) : failure();
  if (command == "env") return getenv(argument.c_str()) != nullptr ? getenv(argument.c_str()) : "-";
  return "unknown command";
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string question = argv[i];
    const std::size_t colon = question.find(':');
    const std::string command = question.substr(0, colon);
    const std::string argument = colon == question.npos ? "" : question.substr(colon + 1);
    if (command == "exit") return std::atoi(argument.c_str());
    std::printf("%s=%s\n", question.c_str(), answer(command, argument).c_str());
  }
  return 0;
}
