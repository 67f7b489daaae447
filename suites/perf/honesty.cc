#include "suites/perf/honesty.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <set>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/line_up.h"

namespace seatrial::perf {
namespace {

// A namespace's number differs from container to container; what matters is whether it is the
// host's.
std::string without_number(const std::string& line) {
  const std::string prefix = "namespace ";
  if (line.compare(0, prefix.size(), prefix) != 0) return line;
  const std::size_t space = line.find(' ', prefix.size());
  const std::string type = line.substr(prefix.size(), space - prefix.size());
  const std::string own = std::filesystem::read_symlink("/proc/self/ns/" + type);
  return prefix + type + (line.substr(space + 1) == own ? " of the host" : " of its own");
}

// What the container of this contestant says of itself, a line a fact.
std::multiset<std::string> describe(const std::string& contestant, const Stage& stage) {
  const UniqueFd output(::memfd_create("description", MFD_CLOEXEC));
  if (!output) throw sys_error(errno, "make a memory file");
  std::string absence;
  make_contestant(contestant, stage, absence, output.get())->play();
  ::lseek(output.get(), 0, SEEK_SET);
  const std::string text = read_all(output.get(), "the container's description");
  std::multiset<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.insert(without_number(text.substr(begin, end - begin)));
  }
  if (lines.empty()) throw error(Kind::kInternal, "{}: its container said nothing", contestant);
  return lines;
}

void print_missing(std::ostream& out, const std::multiset<std::string>& from,
                   const std::multiset<std::string>& in, const std::string& whose) {
  std::multiset<std::string> only;
  std::set_difference(from.begin(), from.end(), in.begin(), in.end(),
                      std::inserter(only, only.end()));
  for (const std::string& line : only) out << "only in " << whose << ": " << line << '\n';
}

}  // namespace

int verify_floor(std::ostream& out, Configuration configuration) {
  const Stage stage(sibling_program("lifecycle_look"), configuration);
  const auto floor = describe(kFloor, stage);
  const auto reference = describe(kRun, stage);
  print_missing(out, floor, reference, "the floor");
  print_missing(out, reference, floor, "the reference");
  if (floor != reference) return 1;
  out << "the floor's container and the reference's look the same: " << floor.size() << " facts\n";
  return 0;
}

}  // namespace seatrial::perf
