// A lane's kernel: Debian's own package, fetched once and kept, and which of its modules are
// loaded.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seatrial::lane {

struct Kernel {
  std::string release;            // "6.1.0-56-cloud-amd64", as uname(1) says it
  std::filesystem::path image;    // vmlinuz
  std::filesystem::path modules;  // the directory that has modules.dep
};

// Of these names of packages, the newest cloud kernel of a series ("6.1").
std::optional<std::string> newest_package(const std::vector<std::string>& names,
                                          std::string_view series);

// What depmod(8) found out: which module needs which.
class ModuleTable {
 public:
  // The text of modules.dep. Throws Error{kInvalidArgument} naming the line.
  static ModuleTable parse(std::string_view text);

  // The files of these modules and of what they need, each after what it needs. A name takes - and
  // _ for the same. One that the kernel lacks is left out: it may be built in.
  std::vector<std::string> load_order(const std::vector<std::string>& names) const;

 private:
  void add(const std::string& file, std::vector<std::string>& order) const;

  std::map<std::string, std::vector<std::string>> needs_;  // by file
  std::map<std::string, std::string> files_;               // by name
};

// The newest kernel of the series in `cache`; where there is none, apt's, which is put there. What
// has been fetched stays the lane's kernel until the cache is removed. Throws Error.
Kernel provide_kernel(std::string_view series, const std::filesystem::path& cache);

}  // namespace seatrial::lane
