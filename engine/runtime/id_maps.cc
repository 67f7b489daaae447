#include "engine/runtime/id_maps.h"

#include <fcntl.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"

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

}  // namespace

std::string print_id_map(const std::vector<spec::IdMapping>& mappings) {
  std::string text;
  for (const spec::IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

void write_id_maps(pid_t pid, const spec::Linux& config, bool may_set_groups) {
  if (!may_set_groups) write_proc_file(pid, "setgroups", "deny");
  if (!config.uid_mappings.empty()) {
    write_proc_file(pid, "uid_map", print_id_map(config.uid_mappings));
  }
  if (!config.gid_mappings.empty()) {
    write_proc_file(pid, "gid_map", print_id_map(config.gid_mappings));
  }
}

}  // namespace seatrial::runtime
