#include "harness/sentinel/differences.h"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <thread>

#include "engine/base/error.h"

namespace seatrial::sentinel {
namespace {

template <typename Fact>
bool contains(const std::vector<Fact>& facts, const Fact& wanted) {
  return std::ranges::find(facts, wanted) != facts.end();
}

Leak mount_leak(const MountFact& mount, Change change) {
  return {.kind = LeakKind::kMount,
          .change = change,
          .id = mount.id,
          .start_time = 0,
          .name = mount.mountpoint,
          .holders = {},
          .text = fmt::format("mount {} ({} {} on {}) {}", mount.id, mount.type, mount.source,
                              mount.mountpoint, change == Change::kLeft ? "was left" : "is gone")};
}

Leak link_leak(const LinkFact& link, Change change) {
  return {.kind = LeakKind::kLink,
          .change = change,
          .id = link.index,
          .start_time = 0,
          .name = link.name,
          .holders = {},
          .text = fmt::format("network link {} (index {}) {}", link.name, link.index,
                              change == Change::kLeft ? "was left" : "is gone")};
}

bool is_below(const std::string& path, const std::string& top) {
  return path.starts_with(top) && path.size() > top.size() && path[top.size()] == '/';
}

std::string names_of(const std::vector<int>& pids) {
  return pids.empty() ? "empty" : fmt::format("holding {}", fmt::join(pids, ", "));
}

std::uint64_t inode_in(const std::string& namespace_name) {
  std::uint64_t inode = 0;
  const std::size_t open = namespace_name.find('[');
  if (open == namespace_name.npos) return 0;
  std::from_chars(namespace_name.data() + open + 1, namespace_name.data() + namespace_name.size(),
                  inode);
  return inode;
}

}  // namespace

void append(Leaks& all, Leaks more) {
  std::ranges::move(more, std::back_inserter(all));
}

Leaks new_processes(const std::vector<ProcessFact>& before, const std::vector<ProcessFact>& after) {
  Leaks leaks;
  for (const ProcessFact& process : after) {
    const auto same = [&](const ProcessFact& each) { return each.is_same(process); };
    if (std::ranges::any_of(before, same)) continue;
    const bool ended = process.state == 'Z';
    leaks.push_back({.kind = LeakKind::kProcess,
                     .change = Change::kLeft,
                     .id = static_cast<std::uint64_t>(process.pid),
                     .start_time = process.start_time,
                     .name = process.command,
                     .holders = {},
                     .text = fmt::format("process {} ({}) {}", process.pid, process.command,
                                         ended ? "ended and was not waited for" : "was left")});
  }
  return leaks;
}

Leaks changed_mounts(const std::vector<MountFact>& before, const std::vector<MountFact>& after) {
  Leaks leaks;
  for (auto mount = after.rbegin(); mount != after.rend(); ++mount) {
    if (!contains(before, *mount)) leaks.push_back(mount_leak(*mount, Change::kLeft));
  }
  for (const MountFact& mount : before) {
    if (contains(after, mount)) continue;
    // Who removes a mountpoint in another mount namespace makes the kernel detach what is mounted
    // on it everywhere: our copy of a mount of the host's may vanish without anybody in here doing
    // it.
    if (::access(mount.mountpoint.c_str(), F_OK) != 0) continue;
    leaks.push_back(mount_leak(mount, Change::kGone));
  }
  return leaks;
}

Leaks changed_links(const std::vector<LinkFact>& before, const std::vector<LinkFact>& after) {
  Leaks leaks;
  for (const LinkFact& link : after) {
    if (!contains(before, link)) leaks.push_back(link_leak(link, Change::kLeft));
  }
  for (const LinkFact& link : before) {
    if (!contains(after, link)) leaks.push_back(link_leak(link, Change::kGone));
  }
  return leaks;
}

Leaks new_cgroups(const std::vector<CgroupFact>& before, const std::vector<CgroupFact>& after) {
  Leaks leaks;
  for (const CgroupFact& cgroup : after) {
    const auto same = [&](const CgroupFact& each) { return each.is_same(cgroup); };
    if (std::ranges::any_of(before, same)) continue;
    const auto outer = std::ranges::find_if(
        leaks, [&](const Leak& each) { return is_below(cgroup.host_path(), each.name); });
    if (outer != leaks.end()) {
      outer->holders.insert(outer->holders.end(), cgroup.pids.begin(), cgroup.pids.end());
      continue;
    }
    leaks.push_back({.kind = LeakKind::kCgroup,
                     .change = Change::kLeft,
                     .id = cgroup.inode,
                     .start_time = 0,
                     .name = cgroup.host_path(),
                     .holders = cgroup.pids,
                     .text = {}});
  }
  for (Leak& leak : leaks) {
    leak.text = fmt::format("cgroup {} ({}) was left", leak.name, names_of(leak.holders));
  }
  std::ranges::stable_partition(
      leaks, [](const Leak& leak) { return leak.name.find("/freezer") != leak.name.npos; });
  return leaks;
}

Leaks new_entries(const std::vector<EntryFact>& before, const std::vector<EntryFact>& after) {
  std::map<std::string, std::uint64_t> known;
  for (const EntryFact& entry : before) known.emplace(entry.path, entry.inode);
  Leaks leaks;
  for (const EntryFact& entry : after) {
    const auto was = known.find(entry.path);
    // Mounting on an entry does not make it another one; mounts are compared on their own.
    const bool covered = entry.inode == 0 || (was != known.end() && was->second == 0);
    if (was != known.end() && (covered || was->second == entry.inode)) continue;
    if (!leaks.empty() && is_below(entry.path, leaks.back().name)) continue;
    leaks.push_back({.kind = LeakKind::kStateEntry,
                     .change = Change::kLeft,
                     .id = entry.inode,
                     .start_time = 0,
                     .name = entry.path,
                     .holders = {},
                     .text = fmt::format("state entry {} was left", entry.path)});
  }
  return leaks;
}

Leaks changed_descriptors(const std::vector<DescriptorFact>& before,
                          const std::vector<DescriptorFact>& after) {
  Leaks leaks;
  const auto add = [&](const DescriptorFact& descriptor, Change change, std::string_view what) {
    leaks.push_back(
        {.kind = LeakKind::kDescriptor,
         .change = change,
         .id = static_cast<std::uint64_t>(descriptor.number),
         .start_time = 0,
         .name = descriptor.target,
         .holders = {},
         .text = fmt::format("descriptor {} ({}) {}", descriptor.number, descriptor.target, what)});
  };
  for (const DescriptorFact& descriptor : after) {
    if (!contains(before, descriptor)) add(descriptor, Change::kLeft, "was left open");
  }
  for (const DescriptorFact& descriptor : before) {
    const bool open = std::ranges::any_of(
        after, [&](const DescriptorFact& each) { return each.number == descriptor.number; });
    if (!open) add(descriptor, Change::kGone, "was closed");
  }
  return leaks;
}

Leaks new_namespaces(const std::vector<NamespaceFact>& before,
                     const std::vector<NamespaceFact>& after, const Leaks& reported) {
  std::set<std::string> known;
  for (const NamespaceFact& each : before) known.insert(each.name);
  std::map<std::string, std::vector<int>> found;
  for (const NamespaceFact& each : after) {
    if (!known.contains(each.name)) found[each.name].push_back(each.holder);
  }
  const auto is_reported = [&](int pid) {
    return std::ranges::any_of(reported, [&](const Leak& leak) {
      return leak.kind == LeakKind::kProcess && leak.id == static_cast<std::uint64_t>(pid);
    });
  };
  Leaks leaks;
  for (const auto& [name, holders] : found) {
    if (std::ranges::all_of(holders, is_reported)) continue;
    leaks.push_back({.kind = LeakKind::kNamespace,
                     .change = Change::kLeft,
                     .id = inode_in(name),
                     .start_time = 0,
                     .name = name,
                     .holders = holders,
                     .text = fmt::format("namespace {} ({}) was left", name, names_of(holders))});
  }
  return leaks;
}

Leaks look_until_settled(const std::function<Leaks()>& look, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::chrono::milliseconds pause{1};
  for (;;) {
    Leaks leaks = look();
    const auto now = std::chrono::steady_clock::now();
    if (leaks.empty() || now >= deadline) return leaks;
    // The kernel tells nobody when a namespace or a mount is finally gone.
    std::this_thread::sleep_for(
        std::min<std::chrono::steady_clock::duration>(pause, deadline - now));
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
}

}  // namespace seatrial::sentinel
