#include "suites/integration/dropin/session.h"

#include <fmt/format.h>

#include <thread>

#include "engine/base/error.h"
#include "harness/core/deadline_scale.h"

namespace dropin_suite {
namespace {

json ulimits(const Wish& wish) {
  json list = json::array();
  for (const UlimitDraft& each : limits_of(wish)) {
    list.push_back({{"Name", each.name}, {"Soft", each.soft}, {"Hard", each.hard}});
  }
  return list;
}

void add_limits(const Wish& wish, json& host) {
  if (wish.memory != 0) host["Memory"] = wish.memory;
  if (wish.memory_swap != 0) host["MemorySwap"] = wish.memory_swap;
  if (wish.memory_reservation != 0) host["MemoryReservation"] = wish.memory_reservation;
  if (wish.cpu_quota != 0) host.update({{"CpuQuota", wish.cpu_quota}, {"CpuPeriod", 100000}});
  if (wish.cpu_shares != 0) host["CpuShares"] = wish.cpu_shares;
  if (!wish.cpus.empty()) host["CpusetCpus"] = wish.cpus;
  if (wish.pids != 0) host["PidsLimit"] = wish.pids;
  if (wish.oom_score_adj != 0) host["OomScoreAdj"] = wish.oom_score_adj;
  if (wish.shm_size != 0) host["ShmSize"] = wish.shm_size;
  if (!wish.sysctls.empty()) host["Sysctls"] = wish.sysctls;
  if (!wish.tmpfs.empty()) host["Tmpfs"] = wish.tmpfs;
  for (const unsigned gid : wish.groups) host["GroupAdd"].push_back(std::to_string(gid));
}

void add_joins(const Wish& wish, json& host) {
  const std::map<std::string, std::string> names{
      {"pid", "PidMode"}, {"ipc", "IpcMode"}, {"uts", "UTSMode"}, {"network", "NetworkMode"}};
  for (const auto& [kind, whose] : wish.joins) {
    host[names.at(kind)] = whose == "host" ? whose : "container:" + whose;
  }
}

void add_security(const Wish& wish, json& host) {
  json options = json::array();
  if (wish.seccomp == SeccompWish::kNone) options.push_back("seccomp=unconfined");
  if (wish.seccomp == SeccompWish::kProfile) options.push_back("seccomp=" + wish.profile);
  if (wish.no_new_privileges) options.push_back("no-new-privileges");
  if (!options.empty()) host["SecurityOpt"] = options;
  if (!wish.cap_add.empty()) host["CapAdd"] = wish.cap_add;
  if (!wish.cap_drop.empty()) host["CapDrop"] = wish.cap_drop;
  if (wish.read_only) host["ReadonlyRootfs"] = true;
  for (const std::string& path : wish.devices) {
    host["Devices"].push_back(
        {{"PathOnHost", path}, {"PathInContainer", path}, {"CgroupPermissions", "rwm"}});
  }
}

}  // namespace

std::filesystem::path proc_of(pid_t daemon) {
  return fmt::format("/proc/{}/root/proc", daemon);
}

// Limits that need no CAP_SYS_RESOURCE, which hosts of tests may lack.
std::vector<UlimitDraft> limits_of(const Wish& wish) {
  std::map<std::string, UlimitDraft> limits;
  for (const char* name : {"nofile", "nproc"}) {
    limits[name] = {.name = name, .soft = 1000, .hard = 1000};
  }
  for (const UlimitDraft& each : wish.ulimits) limits[each.name] = each;
  std::vector<UlimitDraft> list;
  for (const auto& [name, limit] : limits) list.push_back(limit);
  return list;
}

json Session::document(const Wish& wish) const {
  json host{{"NetworkMode", "none"}, {"Ulimits", ulimits(wish)}};
  add_security(wish, host);
  add_limits(wish, host);
  add_joins(wish, host);
  for (const BindWish& bind : wish.binds) {
    host["Mounts"].push_back({{"Type", "bind"},
                              {"Source", bind.source},
                              {"Target", bind.target},
                              {"ReadOnly", bind.read_only}});
  }
  json document{{"Image", "docker.io/library/busybox:latest"},
                {"Cmd", wish.args},
                {"Tty", wish.tty},
                {"HostConfig", host}};
  if (!wish.env.empty()) document["Env"] = wish.env;
  if (!wish.cwd.empty()) document["WorkingDir"] = wish.cwd;
  if (!wish.user.empty()) document["User"] = wish.user;
  if (!wish.hostname.empty()) document["Hostname"] = wish.hostname;
  if (!wish.input.empty()) {
    document.update({{"OpenStdin", true}, {"StdinOnce", true}, {"AttachStdin", true}});
  }
  if (!wish.docker.is_null()) document.merge_patch(wish.docker);
  return document;
}

std::string Session::create(const Wish& wish, std::string_view what) {
  return docker(what).create(document(wish).dump());
}

json Session::inspect(const std::string& id, std::string_view what) {
  return json::parse(docker(what).inspect(id));
}

void Session::await_output(const std::string& id, std::string_view text) {
  await(fmt::format("the output \"{}\"", text),
        [&] { return output(id).find(text) != std::string::npos; });
}

void Session::await_status(const std::string& id, std::string_view wanted) {
  await(fmt::format("the status {}", wanted), [&] { return status(id) == wanted; });
}

// Asked again and again: ctr has nothing to wait with, and following logs would need a stream that
// can be let go of.
void await(std::string_view what, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + scaled(10s);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) {
      throw seatrial::error(Kind::kTimeout, "{} did not come", what);
    }
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace dropin_suite
