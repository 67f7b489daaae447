#include "engine/runtime/home.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/openat2.h"

namespace seatrial::runtime {
namespace {

constexpr std::size_t kLargestFile = 4U << 20;
constexpr const char* kPasswd = "/etc/passwd";
constexpr std::size_t kUidField = 2;
constexpr std::size_t kHomeField = 5;

std::string_view field(std::string_view line, std::size_t number) {
  for (; number > 0; --number) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return {};
    line.remove_prefix(colon + 1);
  }
  return line.substr(0, line.find(':'));
}

// Without waiting for whoever may stand at the other end of a FIFO.
constexpr unsigned kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

UniqueFd open_passwd(const spec::Config& config, const std::string& rootfs) {
  // The last mount on a place is the one that shows.
  const auto mount =
      std::find_if(config.mounts.rbegin(), config.mounts.rend(),
                   [](const spec::Mount& each) { return each.destination == kPasswd; });
  if (mount != config.mounts.rend()) {
    return UniqueFd(::open(mount->source.c_str(), static_cast<int>(kFlags)));
  }
  const UniqueFd root(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return root ? sys::openat2(root.get(), kPasswd, kFlags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
              : UniqueFd();
}

std::string read_passwd(const spec::Config& config, const std::string& rootfs) {
  const UniqueFd file = open_passwd(config, rootfs);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  try {
    return read_all(file.get(), kPasswd, kLargestFile);
  } catch (const Error&) {
    return {};  // too large, or not to be read: nobody is known
  }
}

}  // namespace

std::string home_in(std::string_view passwd, std::uint32_t uid) {
  while (!passwd.empty()) {
    const std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
    const std::string_view text = field(line, kUidField);
    std::uint32_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || number != uid) continue;
    const std::string_view home = field(line, kHomeField);
    return home.empty() ? "/" : std::string(home);
  }
  return "/";
}

void add_home(spec::Process& process, const spec::Config& config, const std::string& rootfs) {
  // The last of several counts for most readers; runc, too, looks at what getenv(3) would say.
  const auto set = std::ranges::find_if(
      process.env, [](const std::string& each) { return each.starts_with("HOME="); });
  if (set != process.env.end() && *set != "HOME=") return;
  if (set != process.env.end()) process.env.erase(set);
  process.env.push_back(
      fmt::format("HOME={}", home_in(read_passwd(config, rootfs), process.user.uid)));
}

}  // namespace seatrial::runtime
