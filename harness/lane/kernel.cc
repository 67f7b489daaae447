#include "harness/lane/kernel.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/lane/tool.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "linux-image-";
constexpr std::string_view kUnfinished = ".fetching-";
constexpr std::string_view kSuffix = "-cloud-amd64";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The numbers of a name, in their order: 6.1.0-56 comes after 6.1.0-9.
std::vector<long> numbers_of(std::string_view name) {
  std::vector<long> numbers;
  bool within = false;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !within) numbers.push_back(0);
    if (digit) numbers.back() = numbers.back() * 10 + (c - '0');
    within = digit;
  }
  return numbers;
}

// linux-image-6.1.0-56-cloud-amd64, but neither -dbg nor -unsigned, and no meta package.
bool is_kernel_of(std::string_view name, std::string_view series) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  name.remove_prefix(kPrefix.size());
  return name.starts_with(series) && name.substr(series.size()).starts_with(".");
}

std::string module_name(std::string_view file) {
  std::string name = fs::path(file).filename().native();
  name = name.substr(0, name.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

Kernel kernel_in(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory / "lib/modules")) {
    const std::string release = entry.path().filename();
    Kernel kernel{.release = release,
                  .image = directory / "boot" / ("vmlinuz-" + release),
                  .modules = entry.path()};
    if (fs::exists(kernel.image)) return kernel;
  }
  throw error(Kind::kNotFound, "{} holds no kernel with its modules", directory.native());
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(directory, absent)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

// One at a time; so what others left unfinished is nobody's.
UniqueFd lock_and_tidy(const fs::path& kernels) {
  UniqueFd lock = open_file(kernels / ".lock", O_RDWR | O_CREAT, 0644);
  if (::flock(lock.get(), LOCK_EX) != 0) throw sys_error(errno, "lock {}", kernels.native());
  for (const std::string& name : names_in(kernels)) {
    if (name.starts_with(kUnfinished)) remove_tree(kernels / name);
  }
  return lock;
}

// Complete or not there: it gets its name when all is unpacked.
void fetch(const std::string& package, const fs::path& kernels) {
  const UniqueFd lock = lock_and_tidy(kernels);
  if (fs::exists(kernels / package)) return;
  const TempDir room(kernels, kUnfinished);
  run_tool({"apt-get", "download", "-q", package}, room.path());
  std::string archive;
  for (const std::string& name : names_in(room.path())) {
    if (name.ends_with(".deb")) archive = name;
  }
  if (archive.empty()) throw error(Kind::kUnavailable, "apt-get brought no {}", package);
  const fs::path tree = room.path() / "tree";
  run_tool({"dpkg-deb", "-x", room.path() / archive, tree});
  // The package leaves this to its installation.
  run_tool({"depmod", "-b", tree, kernel_in(tree).release});
  fs::rename(tree, kernels / package);
}

}  // namespace

std::optional<std::string> newest_package(const std::vector<std::string>& names,
                                          std::string_view series) {
  std::optional<std::string> newest;
  for (const std::string& name : names) {
    if (!is_kernel_of(name, series)) continue;
    if (!newest || numbers_of(*newest) < numbers_of(name)) newest = name;
  }
  return newest;
}

ModuleTable ModuleTable::parse(std::string_view text) {
  ModuleTable table;
  for (const std::string& line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      throw error(Kind::kInvalidArgument, "modules.dep: no colon in \"{}\"", line);
    }
    const std::string file = line.substr(0, colon);
    std::istringstream needs(line.substr(colon + 1));
    std::vector<std::string>& list = table.needs_[file];
    for (std::string need; needs >> need;) list.push_back(need);
    table.files_[module_name(file)] = file;
  }
  return table;
}

std::vector<std::string> ModuleTable::load_order(const std::vector<std::string>& names) const {
  std::vector<std::string> order;
  for (const std::string& name : names) {
    const auto file = files_.find(module_name(name));
    if (file != files_.end()) add(file->second, order);
  }
  return order;
}

// depmod lists all that a module needs, the deepest last.
void ModuleTable::add(const std::string& file, std::vector<std::string>& order) const {
  const auto append = [&](const std::string& one) {
    if (std::find(order.begin(), order.end(), one) == order.end()) order.push_back(one);
  };
  const auto needs = needs_.find(file);
  if (needs != needs_.end()) std::for_each(needs->second.rbegin(), needs->second.rend(), append);
  append(file);
}

Kernel provide_kernel(std::string_view series, const fs::path& cache) {
  const fs::path kernels = cache / "kernels";
  make_directories(kernels);
  std::optional<std::string> package = newest_package(names_in(kernels), series);
  if (!package) {
    const std::string known =
        run_tool({"apt-cache", "pkgnames", std::string(kPrefix) + std::string(series) + "."});
    package = newest_package(lines_of(known), series);
    if (!package) {
      throw error(Kind::kNotFound,
                  "apt knows no cloud kernel {}; `apt-get update` may let it know one", series);
    }
    with_context("fetch the kernel", [&] { fetch(*package, kernels); });
  }
  return kernel_in(kernels / *package);
}

}  // namespace seatrial::lane
