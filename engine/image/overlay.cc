#include "engine/image/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::image {
namespace {

constexpr std::size_t kValueLimit = 255;  // of one fsconfig() string
constexpr const char* kCompleteDiff[][2] = {
    {"redirect_dir", "off"}, {"metacopy", "off"}, {"index", "off"}};

// A directory under a name short enough for any option, for as long as it lives.
struct ShortPath {
  explicit ShortPath(const std::filesystem::path& directory)
      : fd(open_file(directory, O_PATH | O_DIRECTORY)),
        text(fmt::format("/proc/self/fd/{}", fd.get())) {}
  UniqueFd fd;
  std::string text;
};

// The kernel's own sentence, which it queues in the context's descriptor ("e MESSAGE").
std::string kernel_message(int context) {
  char text[512];
  const ssize_t got = ::read(context, text, sizeof text);
  if (got <= 2) return {};
  std::string message(text + 2, static_cast<std::size_t>(got - 2));
  while (message.ends_with('\n')) message.pop_back();
  return ": " + message;
}

bool try_set(int context, const char* key, const std::string& value) {
  return ::fsconfig(context, FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
}

void set(int context, const char* key, const std::string& value) {
  if (try_set(context, key, value)) return;
  const int failure = errno;
  throw sys_error(failure, "overlay: {}={}{}", key, value, kernel_message(context));
}

void set_directory(int context, const char* key, const std::filesystem::path& directory) {
  if (directory.native().size() <= kValueLimit) return set(context, key, directory.native());
  set(context, key, ShortPath(directory).text);
}

// Before Linux 6.5 the context only gathers a page of text for the old parser of options.
bool takes_any_key(int context) {
  if (::fsconfig(context, FSCONFIG_SET_FLAG, "no_such_option", nullptr, 0) == 0) return true;
  kernel_message(context);  // that it is unknown; the next one is for an error
  return false;
}

// Empty where the kernel does not know "lowerdir+".
UniqueFd open_with_mount_api(const Overlay& overlay) {
  UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!context) {
    if (errno == ENOSYS) return {};
    throw sys_error(errno, "fsopen overlay");
  }
  if (takes_any_key(context.get())) return {};
  const ShortPath first(overlay.lowers.front());
  const std::string& written = overlay.lowers.front().native();
  if (!try_set(context.get(), "lowerdir+", written.size() <= kValueLimit ? written : first.text)) {
    if (errno == EINVAL) return {};
    throw sys_error(errno, "overlay: lowerdir+={}", written);
  }
  for (std::size_t index = 1; index < overlay.lowers.size(); ++index) {
    set_directory(context.get(), "lowerdir+", overlay.lowers[index]);
  }
  if (!overlay.upper.empty()) {
    set_directory(context.get(), "upperdir", overlay.upper);
    set_directory(context.get(), "workdir", overlay.work);
    if (overlay.durability == Durability::kVolatile &&
        ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "volatile", nullptr, 0) != 0) {
      throw sys_error(errno, "overlay: volatile");
    }
  }
  for (const auto& [key, value] : kCompleteDiff) set(context.get(), key, value);
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int failure = errno;
    throw sys_error(failure, "create the overlay{}", kernel_message(context.get()));
  }
  UniqueFd mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mounted) throw sys_error(errno, "fsmount the overlay");
  return mounted;
}

void mount_legacy(const Overlay& overlay, const std::filesystem::path& target) {
  std::vector<ShortPath> directories;
  std::string options;
  const auto add = [&](std::string_view before, const std::filesystem::path& directory) {
    options += before;
    options += directories.emplace_back(directory).text;
  };
  for (const std::filesystem::path& lower : overlay.lowers) {
    add(options.empty() ? "lowerdir=" : ":", lower);
  }
  if (!overlay.upper.empty()) {
    add(",upperdir=", overlay.upper);
    add(",workdir=", overlay.work);
    if (overlay.durability == Durability::kVolatile) options += ",volatile";
  }
  for (const auto& [key, value] : kCompleteDiff) options += fmt::format(",{}={}", key, value);
  if (::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) != 0) {
    throw sys_error(errno, "mount an overlay of {} layers on {}", overlay.lowers.size(),
                    target.native());
  }
}

}  // namespace

UniqueFd open_overlay(const Overlay& overlay, OverlayApi api) {
  if (api == OverlayApi::kBest) {
    if (UniqueFd mounted = open_with_mount_api(overlay)) return mounted;
  }
  const TempDir target("/tmp");
  mount_legacy(overlay, target.path());
  UniqueFd clone(::open_tree(AT_FDCWD, target.path().c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  const int failure = errno;
  ::umount2(target.path().c_str(), MNT_DETACH);
  if (!clone) throw sys_error(failure, "open_tree {}", target.path().native());
  return clone;
}

void mount_overlay(const Overlay& overlay, const std::filesystem::path& target, OverlayApi api) {
  if (api == OverlayApi::kBest) {
    if (const UniqueFd mounted = open_with_mount_api(overlay)) {
      if (::move_mount(mounted.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        throw sys_error(errno, "mount the overlay on {}", target.native());
      }
      return;
    }
  }
  mount_legacy(overlay, target);
}

}  // namespace seatrial::image
