// Runs inside a container and describes it, a line a fact, so that two containers can be compared.
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// Prints the lines of a file, those alone that begin with `only`.
void print_file(const char* label, const char* path, const char* only = "") {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) {
    std::printf("%s: unreadable\n", label);
    return;
  }
  char line[8192];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, only, std::strlen(only)) != 0) continue;
    line[std::strcspn(line, "\n")] = '\0';
    std::printf("%s %s\n", label, line);
  }
  std::fclose(file);
}

// A line a mount: its root, place, attributes, file system and that one's options. Neither its
// numbers nor its source, nor whether the file system as a whole is read-only, too.
void print_mounts() {
  std::FILE* file = std::fopen("/proc/self/mountinfo", "re");
  if (file == nullptr) return;
  char line[8192];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    char mount[3][2048];
    char system[2][1024];
    const char* tail = std::strstr(line, " - ");
    if (tail == nullptr) continue;
    const char* const head_fields = "%*s %*s %*s %2047s %2047s %2047s";
    if (std::sscanf(line, head_fields, mount[0], mount[1], mount[2]) != 3) continue;
    if (std::sscanf(tail, " - %1023s %*s %1023s", system[0], system[1]) != 2) continue;
    const char* const options = std::strchr(system[1], ',');
    std::printf("mount %s %s %s %s %s\n", mount[0], mount[1], mount[2], system[0],
                options == nullptr ? "" : options + 1);
  }
  std::fclose(file);
}

void print_entry(const std::string& path) {
  struct stat entry{};
  if (::lstat(path.c_str(), &entry) != 0) return;
  char target[256] = {};
  if (S_ISLNK(entry.st_mode)) {
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target - 1);
    if (length < 0) target[0] = '\0';
  }
  std::printf("file %s %o %u:%u %u:%u %s\n", path.c_str(), entry.st_mode, entry.st_uid,
              entry.st_gid, major(entry.st_rdev), minor(entry.st_rdev), target);
}

void print_directory(const std::string& path) {
  print_entry(path);
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") print_entry(std::string(path).append("/").append(name));
  }
  ::closedir(directory);
}

void print_namespaces() {
  for (const char* type : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    char target[64] = {};
    const std::string path = std::string("/proc/self/ns/") + type;
    if (::readlink(path.c_str(), target, sizeof target - 1) < 0) continue;
    std::printf("namespace %s %s\n", type, target);
  }
}

void print_process(char** environment) {
  utsname names{};
  ::uname(&names);
  std::printf("hostname %s, domain %s\n", names.nodename, names.domainname);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::printf("files %lu %lu\n", files.rlim_cur, files.rlim_max);
  std::printf("pid %d session %d group %d\n", ::getpid(), ::getsid(0), ::getpgrp());
  std::printf("umask %o\n", ::umask(0));
  char directory[4096];
  std::printf("cwd %s\n", ::getcwd(directory, sizeof directory));
  for (; *environment != nullptr; ++environment) std::printf("environment %s\n", *environment);
  char keyring[256] = {};
  ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, keyring, sizeof keyring - 1);
  // Type, owner and rights; its name is the container's own business.
  char* name = std::strrchr(keyring, ';');
  if (name != nullptr) *name = '\0';
  std::printf("keyring %s\n", keyring);
}

void print_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  if (::ioctl(fd, SIOCGIFFLAGS, &request) == 0) std::printf("lo %#x\n", request.ifr_flags);
  ::close(fd);
}

}  // namespace

int main(int, char**, char** environment) {
  print_process(environment);
  print_namespaces();
  print_mounts();
  print_file("cgroup", "/proc/self/cgroup");
  for (const char* field : {"Cap", "NoNewPrivs", "Seccomp", "Groups", "Uid", "Gid"}) {
    print_file("status", "/proc/self/status", field);
  }
  print_file("oom", "/proc/self/oom_score_adj");
  print_file("devices", "/sys/fs/cgroup/devices/devices.list");
  print_file("cpus", "/sys/fs/cgroup/cpuset/cpuset.cpus");
  print_file("mems", "/sys/fs/cgroup/cpuset/cpuset.mems");
  for (const char* path :
       {"/", "/dev", "/dev/pts", "/dev/shm", "/sys/fs/cgroup", "/proc/self/fd"}) {
    print_directory(path);
  }
  print_loopback();
  return std::fflush(stdout) == 0 ? 0 : 1;
}
