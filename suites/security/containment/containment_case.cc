#include "suites/security/containment/containment_case.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/fixtures/case_site.h"

namespace containment {
namespace {

namespace fs = std::filesystem;

// "4:memory:/seatrial/ID" of /proc/PID/cgroup, "0::/ID" for the unified hierarchy.
std::string path_in(const std::string& cgroups, const Hierarchy& hierarchy,
                    const std::string& controller) {
  std::istringstream lines(cgroups);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool this_one =
        hierarchy.unified ? names == ",," : names.find("," + controller + ",") != names.npos;
    if (this_one) return line.substr(second + 1);
  }
  return {};
}

}  // namespace

std::vector<fs::path> Trial::engines_processes() const {
  if (engines_place() == ::getpid()) return {"/proc/self"};
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(engines_view("root/proc"))) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      if (seatrial::read_file(entry.path() / "comm") != "probe\n") found.push_back(entry.path());
    } catch (const Error&) {
      continue;  // it ended meanwhile
    }
  }
  return found;
}

void Trial::expect_well(const std::string& sibling, Where where) {
  const Report seen =
      exec(sibling, {{"fork", "2"}, {"alloc", "4"}, {"open_many", "20"}}, {}, where);
  EXPECT_THAT(seen.answer("fork"), HasField("started", 2)) << "a sibling's";
  EXPECT_TRUE(seen.answer("alloc").ok()) << seen.answer("alloc").dump();
  EXPECT_THAT(seen.answer("open_many"), HasField("opened", 20)) << "a sibling's";
}

// Read by this process, so that the paths begin where its own hierarchies do.
fs::path Trial::group(const std::string& container, const std::string& controller, Where where) {
  const std::string cgroups = seatrial::read_file(hosts_view(container, "cgroup", where));
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (!hierarchy.has(controller)) continue;
    const std::string path = path_in(cgroups, hierarchy, controller);
    if (!path.empty()) return hierarchy.mountpoint.native() + path;
  }
  throw EngineFailure(fmt::format("the container is in no group of the {} controller", controller),
                      where);
}

std::string Trial::account(const std::string& container, const std::string& controller,
                           const std::string& file, Where where) {
  const fs::path path = group(container, controller, where) / file;
  std::error_code absent;
  if (!fs::exists(path, absent)) return {};
  std::string text = seatrial::read_file(path);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

long Trial::counted(const std::string& container, const std::string& controller,
                    const std::string& file, const std::string& key, Where where) {
  std::istringstream lines(account(container, controller, file, where));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + " ")) return std::stol(line.substr(key.size() + 1));
  }
  return -1;
}

}  // namespace containment
