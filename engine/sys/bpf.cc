#include "engine/sys/bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// The kernel refuses attributes with bits that it does not know, and padding counts.
bpf_attr blank() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  return attributes;
}

// Nothing when the program went meanwhile.
UniqueFd open_program(std::uint32_t id) {
  bpf_attr attributes = blank();
  attributes.prog_id = id;
  UniqueFd program(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, attributes)));
  if (!program && errno != ENOENT) throw sys_error(errno, "open the BPF program {}", id);
  return program;
}

std::string name_of(const UniqueFd& program) {
  bpf_prog_info info;
  std::memset(&info, 0, sizeof info);
  bpf_attr attributes = blank();
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.info.info_len = sizeof info;
  attributes.info.info = address(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) throw sys_error(errno, "read a BPF program");
  return std::string(info.name, ::strnlen(info.name, sizeof info.name));
}

}  // namespace

UniqueFd load_bpf(bpf_prog_type type, std::span<const bpf_insn> program, std::string_view name) {
  constexpr const char* kLicense = "";  // only helpers ask for one
  bpf_attr attributes = blank();
  attributes.prog_type = type;
  attributes.insns = address(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = address(kLicense);
  std::copy_n(name.begin(), std::min(name.size(), sizeof attributes.prog_name - 1),
              attributes.prog_name);
  UniqueFd loaded(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (!loaded) throw sys_error(errno, "load a BPF program of {} instructions", program.size());
  return loaded;
}

std::vector<AttachedBpf> attached_bpf(int cgroup, bpf_attach_type type) {
  std::array<std::uint32_t, 64> ids{};  // BPF_CGROUP_MAX_PROGS
  bpf_attr attributes = blank();
  attributes.query.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.query.attach_type = type;
  attributes.query.prog_ids = address(ids.data());
  attributes.query.prog_cnt = ids.size();
  if (bpf(BPF_PROG_QUERY, attributes) != 0) {
    throw sys_error(errno, "list the BPF programs of a cgroup");
  }
  std::vector<AttachedBpf> programs;
  for (std::uint32_t i = 0; i < attributes.query.prog_cnt; ++i) {
    UniqueFd program = open_program(ids.at(i));
    if (!program) continue;
    std::string name = name_of(program);
    programs.push_back({std::move(program), std::move(name)});
  }
  return programs;
}

void attach_bpf(int cgroup, bpf_attach_type type, int program, int replaced) {
  bpf_attr attributes = blank();
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = type;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    attributes.attach_flags |= BPF_F_REPLACE;
    attributes.replace_bpf_fd = static_cast<std::uint32_t>(replaced);
  }
  if (bpf(BPF_PROG_ATTACH, attributes) != 0) {
    throw sys_error(errno, "attach a BPF program to a cgroup");
  }
}

}  // namespace seatrial::sys
