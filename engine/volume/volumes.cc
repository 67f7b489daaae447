#include "engine/volume/volumes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/undo.h"
#include "engine/volume/copy_up.h"
#include "engine/volume/volume_name.h"

namespace seatrial::volume {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kData = "_data";
constexpr const char* kRecord = "volume.json";
constexpr const char* kFilling = "filling";
constexpr std::size_t kLargestRecord = 1U << 20;

std::string random_digits() {
  unsigned char bytes[32];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw sys_error(errno, "getrandom");
  std::string name;
  for (const unsigned char byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

std::string print_record(const Volume& volume) {
  using std::chrono::duration_cast;
  const auto created =
      duration_cast<std::chrono::nanoseconds>(volume.created.time_since_epoch()).count();
  return Json{{"created", created}, {"labels", volume.labels}, {"anonymous", volume.anonymous}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Volume read_record(const fs::path& root, std::string_view name) {
  const fs::path directory = root / name;
  const std::string text = read_file(directory / kRecord, kLargestRecord);
  try {
    const Json json = Json::parse(text);
    const std::chrono::nanoseconds created(json.at("created").get<std::int64_t>());
    return {.name = std::string(name),
            .mountpoint = directory / kData,
            .created = std::chrono::system_clock::time_point(
                std::chrono::duration_cast<std::chrono::system_clock::duration>(created)),
            .labels = json.at("labels").get<std::map<std::string, std::string>>(),
            .anonymous = json.at("anonymous").get<bool>()};
  } catch (const Json::exception& failure) {
    throw error(Kind::kInternal, "{} is damaged: {}", (directory / kRecord).native(),
                failure.what());
  }
}

}  // namespace

Volumes::Volumes(fs::path root) : root_(std::move(root)) {
  std::error_code failure;
  if (fs::create_directories(root_, failure)) ::chmod(root_.c_str(), 0711);
  if (failure) throw sys_error(failure.value(), "make {}", root_.native());
}

// Held for the few calls in which a volume appears or disappears.
UniqueFd Volumes::lock() const {
  UniqueFd fd = open_file(root_, O_RDONLY | O_DIRECTORY);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw sys_error(errno, "lock {}", root_.native());
  }
  return fd;
}

std::string Volumes::made_up_name() {
  return random_digits();
}

Volume Volumes::create(std::string_view name, const std::map<std::string, std::string>& labels) {
  if (name.empty()) return create_anonymous(made_up_name(), labels);
  return make({.name = std::string(name), .labels = labels});
}

Volume Volumes::create_anonymous(const std::string& name,
                                 const std::map<std::string, std::string>& labels) {
  return make({.name = name, .labels = labels, .anonymous = true});
}

Volume Volumes::make(Volume volume) {
  volume.created = std::chrono::system_clock::now();
  if (!is_volume_name(volume.name)) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a volume name: it must be {}", volume.name,
                kVolumeNameRule);
  }
  const fs::path place = root_ / volume.name;
  volume.mountpoint = mountpoint_of(volume.name);
  const UniqueFd locked = lock();
  if (has(volume.name)) return find(volume.name);
  // A name with a dot in front is none of a volume, so what a crash leaves is known as such.
  TempDir made(root_, ".new-");
  if (::chmod(made.path().c_str(), 0711) != 0 ||
      ::mkdir((made.path() / kData).c_str(), 0755) != 0 ||
      ::chmod((made.path() / kData).c_str(), 0755) != 0) {
    throw sys_error(errno, "make volume {}", volume.name);
  }
  write_file_atomically(made.path() / kRecord, print_record(volume));
  if (::rename(made.path().c_str(), place.c_str()) != 0) {
    throw sys_error(errno, "make volume {}", volume.name);
  }
  static_cast<void>(made.release());
  return volume;
}

fs::path Volumes::mountpoint_of(std::string_view name) const {
  return root_ / name / kData;
}

bool Volumes::has(std::string_view name) const {
  return is_volume_name(name) && ::access((root_ / name / kRecord).c_str(), F_OK) == 0;
}

Volume Volumes::find(std::string_view name) const {
  if (!has(name)) throw error(Kind::kNotFound, "No such volume: {}", name);
  return read_record(root_, name);
}

std::vector<Volume> Volumes::list() const {
  std::vector<Volume> volumes;
  for (const auto& entry : fs::directory_iterator(root_)) {
    const std::string name = entry.path().filename().native();
    if (!has(name)) continue;
    try {
      volumes.push_back(read_record(root_, name));
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kNotFound) throw;  // removed meanwhile
    }
  }
  std::sort(volumes.begin(), volumes.end(),
            [](const Volume& a, const Volume& b) { return a.name < b.name; });
  return volumes;
}

// The rename makes it unknown at once; the bulk of the work needs no lock.
void Volumes::discard(const std::string& name) {
  const fs::path gone =
      root_ / fmt::format(".gone-{}-{}", ::getpid(), random_digits().substr(0, 16));
  if (::rename((root_ / name).c_str(), gone.c_str()) != 0) {
    throw sys_error(errno, "remove volume {}", name);
  }
  remove_tree(gone);
}

void Volumes::remove(std::string_view name, const std::vector<std::string>& users) {
  static_cast<void>(find(name));
  if (!users.empty()) {
    throw error(Kind::kConflict, "volume {} is in use by {}", name, fmt::join(users, ", "));
  }
  discard(std::string(name));
}

Removed Volumes::prune(const std::function<bool(const Volume&)>& unused) {
  Removed removed;
  for (const Volume& volume : list()) {
    if (!unused(volume)) continue;
    const std::uint64_t bytes = size(volume.name);
    discard(volume.name);
    removed.bytes += bytes;
    removed.names.push_back(volume.name);
  }
  return removed;
}

bool Volumes::fill(std::string_view name, int rootfs, std::string_view path) {
  const fs::path place = find(name).mountpoint.parent_path();
  const UniqueFd locked = open_file(place, O_RDONLY | O_DIRECTORY);
  while (::flock(locked.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw sys_error(errno, "lock volume {}", name);
  }
  const UniqueFd data(
      ::openat(locked.get(), kData, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!data) throw sys_error(errno, "open volume {}", name);
  if (::faccessat(locked.get(), kFilling, F_OK, 0) == 0) {
    for (const auto& entry : fs::directory_iterator(place / kData)) remove_tree(entry.path());
  } else if (!is_empty_directory(data.get())) {
    return false;
  }
  const UniqueFd marker(::openat(locked.get(), kFilling, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (!marker) throw sys_error(errno, "fill volume {}", name);
  const bool filled = with_context(fmt::format("fill volume {}", name),
                                   [&] { return copy_up(rootfs, path, data.get()); });
  if (::unlinkat(locked.get(), kFilling, 0) != 0) throw sys_error(errno, "fill volume {}", name);
  return filled;
}

std::uint64_t Volumes::size(std::string_view name) const {
  return tree_size(open_file(find(name).mountpoint, O_RDONLY | O_DIRECTORY).get());
}

std::vector<std::string> Volumes::clean() {
  std::vector<std::string> cleaned;
  const UniqueFd locked = lock();  // no create is on its way now
  for (const auto& entry : fs::directory_iterator(root_)) {
    const std::string name = entry.path().filename().native();
    if (name.starts_with(".new-") || name.starts_with(".gone-")) cleaned.push_back(name);
  }
  for (const std::string& name : cleaned) remove_tree(root_ / name);
  return cleaned;
}

}  // namespace seatrial::volume
