// The resctrl file system, in which the kernel has the classes of service of Intel RDT: where it is
// mounted, and what its schemata files say (Documentation/arch/x86/resctrl.rst).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::runtime {

// What a mount must be to be taken for resctrl. Tests ask for something else: no machine of ours
// has a processor with RDT, and emulated ones have none either.
struct ResctrlKind {
  std::string type = "resctrl";
  long magic = 0x7655821;  // RDTGROUP_SUPER_MAGIC, what statfs(2) says
};

// The mountpoint in a text of /proc/self/mountinfo, of the whole file system: a directory of it
// that is mounted somewhere is no place for classes. Nothing where there is none. Pure.
std::optional<std::string> find_resctrl(std::string_view mountinfo, std::string_view type);

// The same for this process's mount namespace, checked by statfs(2). Nothing is ever mounted.
std::optional<std::string> find_resctrl(const ResctrlKind& kind);

// What a class gets of each resource, domain by domain. Values without leading zeros, in lower
// case: the kernel pads them.
using Schemata = std::map<std::string, std::map<std::string, std::string>>;

// Lines as the kernel prints them, or as a configuration has them; later ones win.
Schemata parse_schemata(const std::vector<std::string>& lines);
Schemata parse_schemata(std::string_view text);

// "L3:0=7ff, not L3:0=7f0": the first thing of `wanted` that `present` has not; nothing where it
// has it all. Domains that are not named may have anything.
std::optional<std::string> difference(const Schemata& present, const Schemata& wanted);

}  // namespace seatrial::runtime
