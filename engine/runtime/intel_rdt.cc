#include "engine/runtime/intel_rdt.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "engine/base/error.h"
#include "engine/cgroup/directory.h"
#include "engine/sys/proc_stat.h"

namespace seatrial::runtime {
namespace {

using cgroup::Directory;

constexpr const char* kField = "linux.intelRdt";

// Both are directories of the container's in resctrl, by the number that the kernel gave them.
// Nothing where somebody else has made it since it was looked for: that one is not to be removed.
std::optional<std::uint64_t> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return Directory(path).inode();
  const int reason = errno;
  if (reason == EEXIST) return std::nullopt;
  if (reason == ENOSPC) {
    throw error(Kind::kExhausted, "{}: make {}: the processor has no number left for it", kField,
                path);
  }
  throw sys_error(reason, "{}: make {}", kField, path);
}

[[noreturn]] void refuse_taken(const std::string& path) {
  throw error(Kind::kConflict, "{}: {} was made by somebody else this moment; try again", kField,
              path);
}

void remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) throw sys_error(errno, "remove {}", path);
}

// Whether what is there may be what create made: number 0 is that of a create that was killed
// before it could tell.
bool is_still(const Directory& directory, std::uint64_t inode) {
  return inode == 0 || directory.inode() == inode;
}

// What has ended is listed until somebody reaps it.
bool has_ended(const std::string& pid) {
  const auto process = sys::proc_stat(static_cast<pid_t>(std::strtol(pid.c_str(), nullptr, 10)));
  return !process || process->state == 'Z' || process->state == 'X';
}

// Somebody may have taken a liking to a class with a name.
bool is_used(const Directory& clos) {
  std::istringstream tasks(clos.read("tasks"));
  for (std::string pid; std::getline(tasks, pid);) {
    if (!has_ended(pid)) return true;
  }
  std::error_code absent;
  const std::filesystem::path groups = clos.path() + "/mon_groups";
  return std::filesystem::exists(groups, absent) && !std::filesystem::is_empty(groups, absent);
}

// What the kernel had against the last thing written, "ok\n" else.
std::string kernels_reason(const std::string& clos) {
  for (std::filesystem::path at = clos; at != at.root_path(); at = at.parent_path()) {
    const auto info = Directory::open_if_present(at / "info");
    if (!info) continue;
    const std::string text = info->read_if_present("last_cmd_status").value_or("");
    return text.empty() || text == "ok" ? "" : ": " + text;
  }
  return {};
}

void write_task(const std::string& directory, pid_t pid) {
  Directory(directory).write("tasks", fmt::format("{}\n", pid));
}

void check_resources(const std::string& root, const std::vector<std::string>& lines) {
  const Schemata there = parse_schemata(Directory(root).read("schemata"));
  for (const auto& [resource, domains] : parse_schemata(lines)) {
    const auto found = there.find(resource);
    if (found == there.end()) {
      throw error(Kind::kUnsupported, "{}: this host has no {} to be shared out", kField, resource);
    }
    for (const auto& [domain, value] : domains) {
      if (found->second.contains(domain)) continue;
      throw error(Kind::kInvalidArgument, "{}: {} of this host has no domain {}", kField, resource,
                  domain);
    }
  }
}

}  // namespace

RdtClass::RdtClass(const spec::IntelRdt& config, const std::string& id, const ResctrlKind& kind)
    : config_(config), lines_(config.lines()) {
  const auto root = find_resctrl(kind);
  if (!root) {
    throw error(Kind::kUnsupported,
                "{}: the resctrl file system is not mounted in this mount namespace", kField);
  }
  root_ = *root;
  place_.own_class = config.clos_id.empty();
  place_.directory = root_;
  if (config.clos_id != "/") place_.directory += "/" + (place_.own_class ? id : config.clos_id);
  if (!lines_.empty()) check_resources(root_, lines_);
  look_at_class();
  if (config.enable_monitoring) look_at_monitoring(id);
}

void RdtClass::look_at_class() {
  const auto clos = Directory::open_if_present(place_.directory);
  place_.to_be_made = !clos;
  if (place_.to_be_made && !place_.own_class && lines_.empty()) {
    throw error(Kind::kNotFound,
                "{}.closID: resctrl has no class {}, and no schema says what to make", kField,
                config_.clos_id);
  }
  if (place_.to_be_made && ::access(root_.c_str(), W_OK) != 0) {
    throw sys_error(errno, "{}: no class can be made in {}", kField, root_);
  }
  if (!clos) return;
  if (!clos->read_if_present("tasks")) {
    throw error(Kind::kConflict, "{}: {} is no class of resctrl", kField, place_.directory);
  }
  if (place_.own_class || lines_.empty()) return;
  if (const auto other =
          difference(parse_schemata(clos->read("schemata")), parse_schemata(lines_))) {
    throw error(Kind::kConflict, "{}: the class {} has {}", kField, config_.clos_id, *other);
  }
}

void RdtClass::look_at_monitoring(const std::string& id) {
  std::error_code absent;
  if (!std::filesystem::exists(root_ + "/mon_groups", absent)) {
    throw error(Kind::kUnsupported, "{}.enableMonitoring: this host monitors no resource", kField);
  }
  place_.monitoring = place_.directory + "/mon_groups/" + id;
  if (!std::filesystem::exists(place_.monitoring, absent)) return;
  throw error(Kind::kConflict, "{}.enableMonitoring: there is a monitoring group {} already",
              kField, place_.monitoring);
}

void RdtClass::make(RdtPlace& place, const std::function<void()>& made) const {
  if (place.to_be_made) {
    const auto inode = make_directory(place.directory);
    place.to_be_made = inode.has_value();
    place.inode = inode.value_or(0);
    made();
    if (!inode) refuse_taken(place.directory);
  }
  if (place.to_be_made || place.own_class) write_schemata(place, lines_);
  if (!place.monitoring.empty()) {
    const auto inode = make_directory(place.monitoring);
    if (!inode) refuse_taken(std::exchange(place.monitoring, {}));
    place.monitoring_inode = *inode;
    made();
  }
}

std::string RdtClass::to_text() const {
  const auto line = [](const std::string& what) {
    return fmt::format("{:>3} {:8} {}\n", "-", "runtime", what);
  };
  std::string text;
  if (place_.to_be_made) text += line("make the class " + place_.directory);
  if (place_.to_be_made || place_.own_class) {
    for (const std::string& each : lines_) text += line("write " + each + " to its schemata");
  }
  if (!place_.monitoring.empty()) text += line("make the monitoring group " + place_.monitoring);
  const std::string& last = place_.monitoring.empty() ? place_.directory : place_.monitoring;
  return text + line("put init into " + last);
}

// The kernel takes only a task of the class into a monitoring group of it.
void join_class(const RdtPlace& place, pid_t pid) {
  with_context(kField, [&] {
    write_task(place.directory, pid);
    if (!place.monitoring.empty()) write_task(place.monitoring, pid);
  });
}

void leave_class(const RdtPlace& place, Phase phase) {
  const bool unfinished = phase == Phase::kCreating;
  if (!place.monitoring.empty() && (unfinished || place.monitoring_inode != 0)) {
    const auto group = Directory::open_if_present(place.monitoring);
    if (group && is_still(*group, place.monitoring_inode)) remove_directory(place.monitoring);
  }
  if (!place.to_be_made || (!place.own_class && !unfinished)) return;
  const auto clos = Directory::open_if_present(place.directory);
  if (!clos || !is_still(*clos, place.inode)) return;
  if (!place.own_class && is_used(*clos)) return;
  remove_directory(place.directory);
}

void check_schemata(const RdtPlace& place, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  if (place.directory.empty()) {
    throw error(Kind::kConflict,
                "the container was made without {}, and has no class of its own to be changed",
                kField);
  }
  check_resources(place.directory, lines);
}

void write_schemata(const RdtPlace& place, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  const Directory clos(place.directory);
  for (const std::string& line : lines) {
    const int failure = clos.try_write("schemata", line + "\n");
    if (failure == 0) continue;
    throw sys_error(failure, "{}: write {} to {}/schemata{}", kField, line, place.directory,
                    kernels_reason(place.directory));
  }
}

}  // namespace seatrial::runtime
