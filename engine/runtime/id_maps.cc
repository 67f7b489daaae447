#include "engine/runtime/id_maps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/own_rights.h"
#include "engine/runtime/subordinate_ids.h"
#include "engine/sys/spawn.h"

namespace seatrial::runtime {
namespace {

void write_proc_file(pid_t pid, const char* name, const std::string& text) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const UniqueFd fd = open_file(path, O_WRONLY);
  // One write: the kernel takes a map only whole.
  if (::write(fd.get(), text.data(), text.size()) < 0) {
    throw sys_error(errno, "write \"{}\" to {}", text.substr(0, text.find('\n')), path);
  }
}

bool has(const plan::HostFacts& facts, unsigned capability) {
  return (facts.own_capabilities >> capability & 1) != 0;
}

// In PATH, as far as that names absolute directories, and in /usr/bin: callers may have no PATH.
std::string find_program(std::string_view name) {
  const char* const environment = std::getenv("PATH");
  const std::string search = fmt::format("{}:/usr/bin", environment == nullptr ? "" : environment);
  for (std::size_t begin = 0; begin < search.size();) {
    const std::size_t end = std::min(search.find(':', begin), search.size());
    std::string path = search.substr(begin, end - begin);
    begin = end + 1;
    if (!path.starts_with('/')) continue;
    path.append("/").append(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

std::uint64_t last_of(const spec::IdMapping& mapping) {
  return std::uint64_t{mapping.host_id} + mapping.size - 1;
}

// Runs it and returns what it wrote; `ended` is its exit status.
std::string run_program(const std::string& path, std::vector<std::string> args, int& ended) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const sys::PidFd child =
      sys::spawn({.path = path,
                  .args = std::move(args),
                  .placements = {{null.get(), 0}, {writer.get(), 1}, {writer.get(), 2}}});
  writer.reset();
  std::string said = read_all(reader.get(), path);
  child.wait_exit(std::nullopt);
  ended = child.reap().value_or(sys::ProcessEnd{.code = 1}).code;
  while (said.ends_with('\n')) said.pop_back();
  std::ranges::replace(said, '\n', ' ');
  return said;
}

}  // namespace

std::string print_id_map(const std::vector<spec::IdMapping>& mappings) {
  std::string text;
  for (const spec::IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

IdMaps::IdMaps(const spec::Linux& config, const plan::HostFacts& facts)
    : uids_{.file = "uid_map", .path = "linux.uidMappings", .mappings = config.uid_mappings},
      gids_{.file = "gid_map", .path = "linux.gidMappings", .mappings = config.gid_mappings} {
  check_own_namespace(uids_, facts.uid_map);
  check_own_namespace(gids_, facts.gid_map);
  if (!has(facts, CAP_SETUID) && !is_own_id_alone(uids_.mappings, ::geteuid())) {
    hand_over(uids_, "newuidmap");
  }
  if (has(facts, CAP_SETGID)) return;
  if (is_own_id_alone(gids_.mappings, ::getegid())) {
    deny_setgroups_ = true;
  } else {
    hand_over(gids_, "newgidmap");
  }
}

void IdMaps::check_own_namespace(const Map& map, const std::vector<spec::IdMapping>& own) {
  if (own.empty()) return;
  for (std::size_t i = 0; i < map.mappings.size(); ++i) {
    const spec::IdMapping& each = map.mappings[i];
    const bool inside = std::ranges::any_of(own, [&](const spec::IdMapping& outer) {
      return each.host_id >= outer.container_id &&
             last_of(each) < std::uint64_t{outer.container_id} + outer.size;
    });
    if (inside) continue;
    throw error(Kind::kDenied,
                "{}[{}]: the ids {} to {} are not mapped as a whole in the user namespace of this "
                "process",
                map.path, i, each.host_id, last_of(each));
  }
}

void IdMaps::hand_over(Map& map, const char* program) {
  const bool users = std::string_view(map.file) == "uid_map";
  map.grants = users ? "/etc/subuid" : "/etc/subgid";
  check_grants(map.mappings, map.path, program,
               {.file = map.grants, .own_id = users ? ::getuid() : ::getgid()});
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    throw error(Kind::kDenied,
                "{}: more than the user's own id takes the set-uid program {}, which has no power "
                "because this process may gain no new privileges (PR_SET_NO_NEW_PRIVS)",
                map.path, program);
  }
  map.program = find_program(program);
  if (!map.program.empty()) return;
  throw error(Kind::kUnsupported,
              "{}: more than the user's own id takes the program {} (package uidmap), which is "
              "neither in PATH nor in /usr/bin",
              map.path, program);
}

void IdMaps::write_map(const Map& map, pid_t pid) {
  if (map.mappings.empty()) return;
  if (map.program.empty()) return write_proc_file(pid, map.file, print_id_map(map.mappings));
  std::vector<std::string> args{map.program, fmt::format("{}", pid)};
  for (const spec::IdMapping& each : map.mappings) {
    for (const std::uint32_t number : {each.container_id, each.host_id, each.size}) {
      args.push_back(fmt::format("{}", number));
    }
  }
  int ended = 0;
  const std::string said = run_program(map.program, std::move(args), ended);
  if (ended == 0) return;
  throw error(Kind::kDenied, "{}: {} refuses what {} should give to user {}: {}", map.path,
              map.program, map.grants, user_name(::getuid()),
              said.empty() ? fmt::format("exit status {}", ended) : said);
}

void IdMaps::write(pid_t pid) const {
  write_map(uids_, pid);
  if (deny_setgroups_) write_proc_file(pid, "setgroups", "deny");
  write_map(gids_, pid);
}

}  // namespace seatrial::runtime
