#include "suites/integration/dropin/ctr_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/files.h"
#include "harness/core/process.h"

namespace dropin_suite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

void change_capabilities(const Wish& wish, json& sets) {
  for (auto& [name, set] : sets.items()) {
    for (const std::string& dropped : wish.cap_drop) {
      set.erase(std::remove(set.begin(), set.end(), "CAP_" + dropped), set.end());
    }
    for (const std::string& added : wish.cap_add) set.push_back("CAP_" + added);
  }
}

json process_of(const Wish& wish, json process) {
  process["args"] = wish.args;
  process["env"] = wish.env;
  process["env"].push_back(kPath);
  process["terminal"] = wish.tty;
  process["noNewPrivileges"] = wish.no_new_privileges;
  if (!wish.cwd.empty()) process["cwd"] = wish.cwd;
  if (!wish.user.empty()) {
    const std::size_t colon = wish.user.find(':');
    process["user"]["uid"] = std::stoul(wish.user);
    if (colon != wish.user.npos) {
      process["user"]["gid"] = std::stoul(wish.user.substr(colon + 1));
    }
  }
  if (!wish.groups.empty()) process["user"]["additionalGids"] = wish.groups;
  if (wish.oom_score_adj != 0) process["oomScoreAdj"] = wish.oom_score_adj;
  process["rlimits"] = json::array();
  for (const UlimitDraft& each : limits_of(wish)) {
    process["rlimits"].push_back(
        {{"type", "RLIMIT_" + upper(each.name)}, {"soft", each.soft}, {"hard", each.hard}});
  }
  // As containerd's own options do: another user than root has them bounding alone.
  change_capabilities(wish, process["capabilities"]);
  return process;
}

json resources_of(const Wish& wish, json resources) {
  if (wish.memory != 0) resources["memory"]["limit"] = wish.memory;
  if (wish.memory_swap != 0) resources["memory"]["swap"] = wish.memory_swap;
  if (wish.memory_reservation != 0) resources["memory"]["reservation"] = wish.memory_reservation;
  if (wish.cpu_quota != 0) {
    resources["cpu"].update({{"quota", wish.cpu_quota}, {"period", 100000}});
  }
  if (wish.cpu_shares != 0) resources["cpu"]["shares"] = wish.cpu_shares;
  if (!wish.cpus.empty()) resources["cpu"]["cpus"] = wish.cpus;
  if (wish.pids != 0) resources["pids"]["limit"] = wish.pids;
  return resources;
}

json options_of(const std::string& text) {
  json options = json::array();
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) options.push_back(word);
  return options;
}

void change_mounts(const Wish& wish, json& mounts) {
  for (const auto& [target, options] : wish.tmpfs) {
    mounts.push_back({{"destination", target},
                      {"type", "tmpfs"},
                      {"source", "tmpfs"},
                      {"options", options_of(options)}});
  }
  for (json& mount : mounts) {
    if (mount["destination"] != "/dev/shm" || wish.shm_size == 0) continue;
    for (json& option : mount["options"]) {
      if (option.get<std::string>().starts_with("size=")) {
        option = fmt::format("size={}", wish.shm_size);
      }
    }
  }
}

void join(const Wish& wish, json& namespaces,
          const std::function<std::string(const std::string&)>& pid_of) {
  for (const auto& [kind, whose] : wish.joins) {
    const auto entry =
        std::ranges::find_if(namespaces, [&](const json& each) { return each.at("type") == kind; });
    if (entry == namespaces.end()) continue;
    if (whose == "host") {
      namespaces.erase(entry);
    } else {
      const std::string file = kind == "network" ? "net" : kind;
      (*entry)["path"] = fmt::format("/proc/{}/ns/{}", pid_of(whose), file);
    }
  }
}

}  // namespace

bool needs_config(const Wish& wish) {
  return !wish.user.empty() || !wish.groups.empty() || !wish.hostname.empty() ||
         wish.memory_swap != 0 || wish.memory_reservation != 0 || wish.cpu_shares != 0 ||
         !wish.cpus.empty() || wish.pids != 0 || wish.oom_score_adj != 0 || !wish.ulimits.empty() ||
         !wish.sysctls.empty() || !wish.tmpfs.empty() || wish.shm_size != 0 || !wish.joins.empty();
}

std::string config_of(const Wish& wish, const std::string& defaults, const fs::path& rootfs,
                      const std::string& cgroups_path,
                      const std::function<std::string(const std::string&)>& pid_of) {
  json config = json::parse(defaults);
  config["process"] = process_of(wish, config["process"]);
  config["root"] = {{"path", rootfs.native()}, {"readonly", wish.read_only}};
  if (!wish.hostname.empty()) config["hostname"] = wish.hostname;
  change_mounts(wish, config["mounts"]);
  json& section = config["linux"];
  section["cgroupsPath"] = cgroups_path;
  section["resources"] = resources_of(wish, section["resources"]);
  if (!wish.sysctls.empty()) section["sysctl"] = wish.sysctls;
  join(wish, section["namespaces"], pid_of);
  return config.dump();
}

void make_rootfs(const fs::path& directory) {
  for (const char* name : {"bin", "dev", "etc", "proc", "run", "sys", "tmp"}) {
    fs::create_directories(directory / name);
  }
  fs::copy_file("/bin/busybox", directory / "bin/busybox");
  std::istringstream names(run_command({"/bin/busybox", "--list"}).output);
  for (std::string name; std::getline(names, name);) {
    if (name != "busybox") fs::create_symlink("busybox", directory / "bin" / name);
  }
  seatrial::write_file_atomically(directory / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  seatrial::write_file_atomically(directory / "etc/group", "root:x:0:\n");
}

}  // namespace dropin_suite
