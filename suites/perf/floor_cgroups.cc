#include "suites/perf/floor_cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace seatrial::perf {
namespace {

// What the engine lets every container use when the configuration denies all devices: null, zero,
// full, random, urandom, tty, ptmx, the pseudo-terminals.
constexpr std::string_view kDeviceRules[] = {"c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
                                             "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};

// In mountinfo, what stands between the mount and its file system of this type.
constexpr std::string_view kMark = " - cgroup ";

std::string read_small(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(path.c_str());
  std::string content;
  char piece[4096];
  ssize_t size = 0;
  while ((size = ::read(fd, piece, sizeof piece)) > 0) {
    content.append(piece, static_cast<std::size_t>(size));
  }
  if (size < 0) die(path.c_str());
  ::close(fd);
  return content;
}

// Takes the text up to the next `separator` off the front.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

bool lists(std::string_view options, std::string_view item) {
  while (!options.empty()) {
    if (take(options, ',') == item) return true;
  }
  return false;
}

// This process' own cgroup in the hierarchy with these mount options: its line in
// /proc/self/cgroup is "ID:CONTROLLERS:PATH", and its controllers are among the options.
std::string own_cgroup(std::string_view lines, std::string_view super_options) {
  while (!lines.empty()) {
    std::string_view line = take(lines, '\n');
    take(line, ':');
    std::string_view controllers = take(line, ':');
    const std::string_view first = take(controllers, ',');
    if (!first.empty() && lists(super_options, first)) return line == "/" ? "" : std::string(line);
  }
  return "";
}

// `line` of mountinfo, split where the optional fields end.
void add_hierarchy(FloorCgroups& cgroups, std::string_view line, std::string_view tail,
                   std::string_view own_cgroups, std::string_view id) {
  for (int field = 0; field < 4; ++field) take(line, ' ');
  const std::string mountpoint(take(line, ' '));
  take(tail, ' ');  // the source
  const std::string_view options = tail;
  const std::string parent = mountpoint + own_cgroup(own_cgroups, options);
  const std::string directory = parent + "/" + std::string(id);
  cgroups.hierarchies.push_back(
      {.directory = directory,
       .tasks = directory + "/tasks",
       .target = "sys/fs/cgroup" + mountpoint.substr(mountpoint.rfind('/'))});
  if (lists(options, "devices")) {
    cgroups.devices_deny = directory + "/devices.deny";
    cgroups.devices_allow = directory + "/devices.allow";
  }
  if (lists(options, "cpuset")) {
    cgroups.cpuset_cpus = directory + "/cpuset.cpus";
    cgroups.cpuset_mems = directory + "/cpuset.mems";
    cgroups.parent_cpus = read_small(parent + "/cpuset.cpus");
    cgroups.parent_mems = read_small(parent + "/cpuset.mems");
  }
}

int open_for_writing(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) die(path.c_str());
  return fd;
}

void write_file(const std::string& path, std::string_view text) {
  if (path.empty()) return;
  const int fd = open_for_writing(path);
  if (::write(fd, text.data(), text.size()) < 0) die(path.c_str());
  ::close(fd);
}

}  // namespace

void die(const char* what) {
  ::dprintf(STDERR_FILENO, "floor: %s: %s\n", what, std::strerror(errno));
  ::_exit(1);
}

FloorCgroups find_cgroups(std::string_view id) {
  const std::string mounts = read_small("/proc/self/mountinfo");
  const std::string own_cgroups = read_small("/proc/self/cgroup");
  FloorCgroups cgroups;
  std::string_view lines = mounts;
  while (!lines.empty()) {
    const std::string_view line = take(lines, '\n');
    const std::size_t mark = line.find(kMark);
    if (mark == std::string_view::npos) continue;
    add_hierarchy(cgroups, line.substr(0, mark), line.substr(mark + kMark.size()), own_cgroups, id);
  }
  return cgroups;
}

void make_cgroups(const FloorCgroups& cgroups, const std::vector<std::string>& more_devices) {
  for (const FloorHierarchy& hierarchy : cgroups.hierarchies) {
    if (::mkdir(hierarchy.directory.c_str(), 0755) != 0) die(hierarchy.directory.c_str());
  }
  write_file(cgroups.cpuset_cpus, cgroups.parent_cpus);
  write_file(cgroups.cpuset_mems, cgroups.parent_mems);
  write_file(cgroups.devices_deny, "a");
  if (cgroups.devices_allow.empty()) return;
  const int allow = open_for_writing(cgroups.devices_allow);
  const auto write_rule = [&](std::string_view rule) {
    if (::write(allow, rule.data(), rule.size()) < 0) die(cgroups.devices_allow.c_str());
  };
  for (const std::string_view rule : kDeviceRules) write_rule(rule);
  for (const std::string& rule : more_devices) write_rule(rule);
  ::close(allow);
}

void join_cgroups(const FloorCgroups& cgroups) {
  for (const FloorHierarchy& hierarchy : cgroups.hierarchies) {
    // "0" to `tasks` moves the caller without the lock that a write to cgroup.procs waits for.
    const int fd = open_for_writing(hierarchy.tasks);
    if (::write(fd, "0", 1) != 1) die(hierarchy.tasks.c_str());
    ::close(fd);
  }
}

void remove_cgroups(const FloorCgroups& cgroups) {
  for (const FloorHierarchy& hierarchy : cgroups.hierarchies) {
    if (::rmdir(hierarchy.directory.c_str()) != 0) die(hierarchy.directory.c_str());
  }
}

}  // namespace seatrial::perf
