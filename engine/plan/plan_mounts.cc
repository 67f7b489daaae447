// The mounts of a configuration as steps.
#include <fmt/format.h>
#include <linux/mount.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/plan/parts.h"

namespace seatrial::plan {
namespace {

constexpr std::uint64_t kReadonly = MOUNT_ATTR_RDONLY;

steps::MountChange propagation_of(const spec::MountOptions& options) {
  return {.propagation = options.propagation,
          .propagation_recursive = options.propagation_recursive ? 1u : 0u};
}

steps::MountChange change_of(const spec::MountOptions& options) {
  steps::MountChange change = propagation_of(options);
  change.set = options.attributes_set;
  change.clear = options.attributes_clear;
  change.recursive_set = options.recursive_attributes_set;
  change.recursive_clear = options.recursive_attributes_clear;
  return change;
}

// A new mount has nothing below it: its recursive attributes are its own.
std::uint64_t attributes_of(const spec::MountOptions& options) {
  return (options.attributes_set & ~options.recursive_attributes_clear) |
         options.recursive_attributes_set;
}

// The file system's own options, with the superblock flags by the names that fsconfig(2) has for
// them. It has none for MS_I_VERSION, which file systems that know it switch on by themselves.
std::vector<std::string> superblock_options(const spec::MountOptions& options) {
  std::vector<std::string> words = options.data;
  constexpr std::pair<std::uint64_t, const char*> kFlags[] = {{MS_SYNCHRONOUS, "sync"},
                                                              {MS_DIRSYNC, "dirsync"},
                                                              {MS_LAZYTIME, "lazytime"},
                                                              {MS_MANDLOCK, "mand"}};
  for (const auto& [flag, name] : kFlags) {
    if ((options.superblock_flags & flag) != 0) words.emplace_back(name);
  }
  return words;
}

// File systems without a medium: there is nothing to write to behind a read-only mount of them.
bool is_virtual(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes = {"proc",   "sysfs",  "tmpfs",  "devpts",
                                                      "mqueue", "cgroup", "cgroup2"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// The names of controllers in a v1 hierarchy's mount options.
std::vector<std::string> controllers(const std::string& options) {
  constexpr std::array<std::string_view, 4> kNotControllers = {"none", "xattr", "clone_children",
                                                               "noprefix"};
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < options.size();) {
    const std::size_t end = std::min(options.find(',', begin), options.size());
    const std::string name = options.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name.find('=') != name.npos) continue;
    if (std::find(kNotControllers.begin(), kNotControllers.end(), name) == kNotControllers.end()) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> split_options(const std::string& options) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < options.size();) {
    const std::size_t end = std::min(options.find(',', begin), options.size());
    words.push_back(options.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string map_text(std::span<const spec::IdMapping> mappings) {
  std::string text;
  for (const spec::IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

class MountPlanner {
 public:
  MountPlanner(const std::vector<spec::Mount>& mounts, const MountContext& context)
      : mounts_(mounts), context_(context) {}

  void add(const spec::Mount& mount) {
    const std::string target = normal_path(mount.destination);
    if (mount.options.idmap && (mount.options.remount || !mount.options.bind)) {
      throw error(Kind::kUnsupported,
                  "the idmapped mount on {} is no bind mount; this build can idmap those alone",
                  mount.destination);
    }
    if (mount.options.remount) {
      add_remount(mount, target);
    } else if (mount.options.bind) {
      add_bind(mount, target);
    } else if (mount.type == "cgroup" || mount.type == "cgroup2") {
      add_cgroup(mount, target);
    } else if (mount.type == "sysfs" && context_.own_user_namespace &&
               !context_.own_network_namespace) {
      add_host_sysfs(mount, target);
    } else {
      add_new(mount, target);
    }
  }

  MountSteps take() { return std::move(steps_); }

 private:
  void add_remount(const spec::Mount& mount, const std::string& target) {
    Remount step{.target = target, .change = change_of(mount.options)};
    if (!mount.options.bind) step.options = superblock_options(mount.options);
    step.superblock = step.options.empty() ? 0 : 1;
    steps_.now.push_back({std::move(step)});
  }

  void add_bind(const spec::Mount& mount, const std::string& target) {
    BindMount step{.source = mount.source,
                   .target = target,
                   .change = change_of(mount.options),
                   .recursive = mount.options.bind_recursive ? 1u : 0u};
    if (mount.options.idmap && !context_.may_clone_mounts) {
      throw error(Kind::kDenied,
                  "the idmapped mount on {} needs the right to mount on the host (CAP_SYS_ADMIN "
                  "where the mounts are)",
                  mount.destination);
    }
    const bool wants_host = mount.options.idmap || context_.own_user_namespace;
    if ((wants_host && context_.may_clone_mounts) || keeps_peers(mount)) {
      step.opened = open_on_host(mount);
    }
    steps_.now.push_back({std::move(step)});
  }

  // What was cloned in the container's mount namespace could only be shared anew: there all that
  // comes from the host is a slave or private. Root of a user namespace must not mount on the host.
  bool keeps_peers(const spec::Mount& mount) const {
    return mount.options.propagation == MS_SHARED && !context_.own_user_namespace &&
           context_.may_clone_mounts;
  }

  // The number under which the launcher keeps the source.
  std::uint32_t open_on_host(const spec::Mount& mount) {
    if (opened_ == steps::kMostSources) {
      if (!mount.options.idmap && !keeps_peers(mount)) return steps::kNotOpened;
      throw error(Kind::kUnsupported, "mounts has more than {} idmapped or shared bind mounts",
                  opened_);
    }
    OpenSource step{.source = mount.source,
                    .recursive = mount.options.bind_recursive ? 1u : 0u,
                    .map_recursive = mount.options.idmap_recursive ? 1u : 0u,
                    .keep_peers = keeps_peers(mount) ? 1u : 0u,
                    .number = opened_};
    if (mount.options.idmap) add_maps(mount, step);
    steps_.on_host.push_back({std::move(step)});
    return opened_++;
  }

  void add_maps(const spec::Mount& mount, OpenSource& step) const {
    const bool own = !mount.uid_mappings.empty();
    step.uid_map = map_text(own ? std::span(mount.uid_mappings) : context_.uid_mappings);
    step.gid_map = map_text(own ? std::span(mount.gid_mappings) : context_.gid_mappings);
    if (!step.uid_map.empty() && !step.gid_map.empty()) return;
    throw error(Kind::kUnsupported,
                "the idmapped mount on {} needs uidMappings and gidMappings of its own: those of a "
                "user namespace that is joined are not known",
                mount.destination);
  }

  // sysfs belongs to a network namespace: who does not own it may not mount it, only bind it.
  void add_host_sysfs(const spec::Mount& mount, const std::string& target) {
    BindMount step{.source = "/sys", .target = target, .change = propagation_of(mount.options)};
    step.change.recursive_set = attributes_of(mount.options);
    if ((step.change.recursive_set & MOUNT_ATTR__ATIME) != 0) {
      step.change.recursive_clear = MOUNT_ATTR__ATIME;
    }
    step.recursive = 1;
    steps_.now.push_back({std::move(step)});
  }

  void add_new(const spec::Mount& mount, const std::string& target) {
    Mount step{.type = mount.type,
               .source = mount.source,
               .target = target,
               .options = superblock_options(mount.options),
               .attributes = attributes_of(mount.options),
               .change = propagation_of(mount.options)};
    // A symbolic link there would put the one file system that hooks and labels rely on
    // elsewhere (CVE-2019-19921).
    if (mount.type == "proc" || mount.type == "sysfs") step.flags |= steps::kNoSymlinkTarget;
    // Whose network namespace it is, only the kernel can tell.
    if (mount.type == "sysfs" && context_.in_user_namespace && !context_.own_network_namespace) {
      step.flags |= steps::kBindHostsWhereRefused;
    }
    label(step);
    if (mount.options.copy_up) step.flags |= steps::kCopyUp;
    if (mount.type == "tmpfs" && !has_mode(step.options)) step.flags |= steps::kModeOfTarget;
    if ((step.attributes & kReadonly) != 0) {
      if (!is_virtual(mount.type)) step.flags |= steps::kReadonlySuperblock;
      if (mount.type == "tmpfs") step.keep = make_readonly_later(target);
      if (step.keep != steps::kNotKept) step.attributes &= ~kReadonly;
    }
    steps_.now.push_back({std::move(step)});
  }

  // What proc, sysfs and cgroups show is labelled by the kernel's policy alone. The kernel mounts
  // mqueue itself with each IPC namespace, after which no context can be given. Of two contexts
  // the kernel takes none: that of the one mount is meant for it.
  void label(Mount& step) const {
    if (context_.label.empty() || has_context(step.options) || step.type == "proc" ||
        step.type == "sysfs" || step.type == "cgroup" || step.type == "cgroup2") {
      return;
    }
    if (step.type == "mqueue") {
      step.label = context_.label;
    } else {
      step.options.push_back(fmt::format("context={}", context_.label));
    }
  }

  // Later mounts and devices may need directories in a tmpfs. The number under which it is kept
  // until then.
  std::uint32_t make_readonly_later(const std::string& target) {
    if (kept_ == steps::kMostKept) return steps::kNotKept;
    steps_.later.push_back(
        {ChangeKept{.target = target, .change = {.set = kReadonly}, .keep = kept_}});
    return kept_++;
  }

  static bool has_context(const std::vector<std::string>& options) {
    return std::ranges::any_of(options, [](const std::string& word) {
      return word.starts_with("context=") || word.starts_with("defcontext=");
    });
  }

  static bool has_mode(const std::vector<std::string>& options) {
    return std::any_of(options.begin(), options.end(),
                       [](const std::string& word) { return word.starts_with("mode="); });
  }

  void add_cgroup(const spec::Mount& mount, const std::string& target) {
    const auto is_v2 = [](const CgroupHierarchy& hierarchy) { return hierarchy.v2; };
    const auto v2 = std::find_if(context_.cgroups.begin(), context_.cgroups.end(), is_v2);
    const bool only_v2 = !context_.cgroups.empty() &&
                         std::all_of(context_.cgroups.begin(), context_.cgroups.end(), is_v2);
    if (v2 != context_.cgroups.end() && (only_v2 || mount.type == "cgroup2")) {
      add_cgroup2(mount, target, *v2);
    } else {
      add_cgroup_tree(mount, target);
    }
  }

  void add_cgroup2(const spec::Mount& mount, const std::string& target,
                   const CgroupHierarchy& hierarchy) {
    spec::Mount unified = mount;
    if (context_.own_cgroup_namespace) {
      unified.type = "cgroup2";
      add_new(unified, target);
    } else {
      unified.source = hierarchy.mountpoint + hierarchy.cgroup;
      unified.options.bind_recursive = true;
      add_bind(unified, target);
    }
  }

  void add_cgroup_tree(const spec::Mount& mount, const std::string& target) {
    CgroupTree step{.target = target,
                    .attributes = attributes_of(mount.options),
                    .label = std::string(context_.label)};
    if ((step.attributes & kReadonly) != 0 && is_parent(target)) {
      step.keep = make_readonly_later(target);
    }
    for (const CgroupHierarchy& hierarchy : context_.cgroups) {
      CgroupMount entry{.name = hierarchy.name, .type = hierarchy.v2 ? "cgroup2" : "cgroup"};
      if (context_.own_cgroup_namespace) {
        if (!hierarchy.v2) entry.options = split_options(hierarchy.options);
      } else {
        entry.source = hierarchy.mountpoint + hierarchy.cgroup;
      }
      step.mounts.push_back(std::move(entry));
      if (hierarchy.v2) continue;
      for (const std::string& controller : controllers(hierarchy.options)) {
        if (controller == hierarchy.name) continue;
        step.links.push_back({.name = controller, .points_to = hierarchy.name});
      }
    }
    steps_.now.push_back({std::move(step)});
  }

  // Whether a mount of the configuration lies in it.
  bool is_parent(const std::string& target) const {
    return std::ranges::any_of(mounts_, [&](const spec::Mount& mount) {
      return normal_path(mount.destination).starts_with(target + "/");
    });
  }

  const std::vector<spec::Mount>& mounts_;
  const MountContext& context_;
  MountSteps steps_;
  std::uint32_t kept_ = 0;
  std::uint32_t opened_ = 0;
};

}  // namespace

MountSteps plan_mounts(const std::vector<spec::Mount>& mounts, const MountContext& context) {
  MountPlanner planner(mounts, context);
  for (const spec::Mount& mount : mounts) planner.add(mount);
  return planner.take();
}

}  // namespace seatrial::plan
