#include "harness/sentinel/host_snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/sentinel/differences.h"

namespace seatrial::sentinel {
namespace {

std::string read_or_nothing(const std::string& path) {
  try {
    return read_file(path);
  } catch (const Error&) {
    return {};  // the process ended, or is not ours to look at
  }
}

std::string target_or_nothing(const std::string& path) {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return length < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(length));
}

// "/a/b" and "/a/b/c" are at or below "/a/b"; everything is below "/".
bool is_at_or_below(std::string_view path, std::string_view top) {
  if (top == "/") return true;
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

bool relates_to(const std::vector<std::filesystem::path>& roots, pid_t pid) {
  if (roots.empty()) return false;
  const std::string directory = fmt::format("/proc/{}", pid);
  const std::string command_line = read_or_nothing(directory + "/cmdline");
  const std::string cwd = target_or_nothing(directory + "/cwd");
  const std::string root = target_or_nothing(directory + "/root");
  return std::ranges::any_of(roots, [&](const std::filesystem::path& each) {
    return command_line.find(each.native()) != command_line.npos ||
           is_at_or_below(cwd, each.native()) || is_at_or_below(root, each.native());
  });
}

std::vector<MountFact> read_init_mounts() {
  const std::string own = target_or_nothing("/proc/self/ns/mnt");
  const std::string init = target_or_nothing("/proc/1/ns/mnt");
  if (init.empty() || init == own) return {};
  try {
    return read_mounts("1");
  } catch (const Error&) {
    return {};  // not ours to look at
  }
}

void add_processes(const HostScope& scope, HostFacts& facts) {
  const std::vector<ProcessFact> all = read_processes();
  const std::vector<ProcessFact> below = descendants(all, ::getpid());
  for (const ProcessFact& process : all) {
    const auto same = [&](const ProcessFact& each) { return each.is_same(process); };
    facts.processes.push_back(
        {.process = process,
         .cgroups = read_or_nothing(fmt::format("/proc/{}/cgroup", process.pid)),
         .descends = std::ranges::any_of(below, same),
         .in_scope = relates_to(scope.state_roots, process.pid)});
    const std::vector<NamespaceFact> namespaces = read_namespaces(process.pid);
    facts.namespaces.insert(facts.namespaces.end(), namespaces.begin(), namespaces.end());
  }
}

// Where the processes of a text like /proc/PID/cgroup stand: controllers -> path.
std::map<std::string, std::string, std::less<>> parse_cgroups(std::string_view text) {
  std::map<std::string, std::string, std::less<>> paths;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    paths.emplace(line.substr(first + 1, second - first - 1), line.substr(second + 1));
  }
  return paths;
}

// Tells other people's cgroups and processes from those of this run; see host_snapshot.h.
class Ownership {
 public:
  Ownership(const HostScope& scope, const HostFacts& before, const HostFacts& after)
      : ignored_(scope.ignored_cgroups), own_(parse_cgroups(before.own_cgroups)) {
    for (const MountFact& mount : before.mounts) {
      if (mount.type == "cgroup" || mount.type == "cgroup2") mounts_.push_back(mount);
    }
    for (const CgroupFact& cgroup : before.cgroups) stood_.insert(cgroup.host_path());
    for (const CgroupFact& cgroup : after.cgroups) {
      const auto same = [&](const CgroupFact& each) { return each.is_same(cgroup); };
      if (std::ranges::none_of(before.cgroups, same)) new_.insert(cgroup.host_path());
    }
  }

  bool is_ours(const CgroupFact& cgroup) const {
    for (const auto& [controllers, own] : own_) {
      if (mountpoint_of(controllers) == cgroup.hierarchy) return !is_foreign(own, cgroup.path);
    }
    return !is_ignored(cgroup.path);
  }

  bool is_ours(const HostProcess& process) const {
    for (const auto& [controllers, path] : parse_cgroups(process.cgroups)) {
      const auto own = own_.find(controllers);
      if (own == own_.end() || path == "/") continue;
      if (is_foreign(own->second, path)) return false;
      const bool stood = stood_.contains(mountpoint_of(controllers) + path);
      const bool beside = own->second == "/" || !is_at_or_below(path, own->second);
      if (stood && beside) return false;
    }
    return true;
  }

  bool sits_in_new_cgroup(const HostProcess& process) const {
    return std::ranges::any_of(parse_cgroups(process.cgroups), [&](const auto& each) {
      return new_.contains(mountpoint_of(each.first) + each.second);
    });
  }

 private:
  bool is_ignored(std::string_view path) const {
    return std::ranges::any_of(ignored_,
                               [&](const std::string& top) { return is_at_or_below(path, top); });
  }

  // Beside our own cgroup, where our parent is not the root: whoever placed us works there.
  bool is_foreign(const std::string& own, std::string_view path) const {
    if (is_ignored(path)) return true;
    const std::string parent = own.substr(0, own.rfind('/'));
    return !parent.empty() && is_at_or_below(path, parent) && path != parent &&
           !is_at_or_below(path, own);
  }

  std::string mountpoint_of(std::string_view controllers) const {
    const std::string wanted = fmt::format(",{},", controllers);
    for (const MountFact& mount : mounts_) {
      const bool v2 = mount.type == "cgroup2";
      if (controllers.empty()
              ? v2
              : !v2 && ("," + mount.super_options + ",").find(wanted) != std::string::npos) {
        return mount.mountpoint;
      }
    }
    return {};
  }

  std::vector<std::string> ignored_;
  std::map<std::string, std::string, std::less<>> own_;
  std::vector<MountFact> mounts_;
  std::set<std::string> stood_;
  std::set<std::string> new_;
};

// The processes that a comparison may blame on the run.
std::vector<ProcessFact> related(const HostFacts& facts, const Ownership& ownership) {
  std::vector<ProcessFact> found;
  for (const HostProcess& each : facts.processes) {
    if (each.process.pid == ::getpid() || !ownership.is_ours(each)) continue;
    if (each.descends || each.in_scope || ownership.sits_in_new_cgroup(each)) {
      found.push_back(each.process);
    }
  }
  return found;
}

std::vector<ProcessFact> processes_of(const HostFacts& facts) {
  std::vector<ProcessFact> all;
  for (const HostProcess& each : facts.processes) all.push_back(each.process);
  return all;
}

std::vector<NamespaceFact> held_by_ours(const HostFacts& facts, const Ownership& ownership) {
  std::set<pid_t> theirs;
  for (const HostProcess& each : facts.processes) {
    if (!ownership.is_ours(each)) theirs.insert(each.process.pid);
  }
  std::vector<NamespaceFact> held = facts.namespaces;
  std::erase_if(held, [&](const NamespaceFact& each) { return theirs.contains(each.holder); });
  return held;
}

std::vector<CgroupFact> ours_only(const std::vector<CgroupFact>& cgroups,
                                  const Ownership& ownership) {
  std::vector<CgroupFact> kept;
  std::ranges::copy_if(cgroups, std::back_inserter(kept),
                       [&](const CgroupFact& each) { return ownership.is_ours(each); });
  return kept;
}

}  // namespace

HostSnapshot HostSnapshot::take(const HostScope& scope) {
  auto facts = std::make_shared<HostFacts>();
  facts->own_cgroups = read_file("/proc/self/cgroup");
  facts->mounts = read_mounts();
  facts->init_mounts = read_init_mounts();
  facts->links = read_links();
  for (const std::string& mountpoint : cgroup_mountpoints(facts->mounts)) {
    const std::vector<CgroupFact> tree = read_cgroups(mountpoint, "/");
    facts->cgroups.insert(facts->cgroups.end(), tree.begin(), tree.end());
  }
  add_processes(scope, *facts);
  return {scope, std::move(facts)};
}

std::string HostSnapshot::summary() const {
  std::set<std::string> namespaces;
  for (const NamespaceFact& each : facts_->namespaces) namespaces.insert(each.name);
  return fmt::format("{} mounts, {} links, {} cgroups, {} namespaces, {} processes",
                     facts_->mounts.size() + facts_->init_mounts.size(), facts_->links.size(),
                     facts_->cgroups.size(), namespaces.size(), facts_->processes.size());
}

std::vector<Leak> compare(const HostSnapshot& before, const HostSnapshot& after) {
  const HostFacts& was = before.facts();
  const HostFacts& is = after.facts();
  const Ownership ownership(before.scope(), was, is);
  Leaks leaks = new_cgroups(was.cgroups, ours_only(is.cgroups, ownership));
  append(leaks, new_processes(processes_of(was), related(is, ownership)));
  append(leaks, new_namespaces(was.namespaces, held_by_ours(is, ownership), leaks));
  append(leaks, changed_mounts(was.mounts, is.mounts));
  append(leaks, changed_mounts(was.init_mounts, is.init_mounts));
  append(leaks, changed_links(was.links, is.links));
  return leaks;
}

std::vector<Leak> compare_when_settled(const HostSnapshot& before,
                                       std::chrono::milliseconds patience) {
  return look_until_settled([&] { return compare(before, HostSnapshot::take(before.scope())); },
                            patience);
}

}  // namespace seatrial::sentinel
