#include "engine/core/users.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/rootfs.h"

namespace seatrial::core {
namespace {

constexpr std::size_t kLargestFile = 4U << 20;
// Docker's range: what fits a signed 32-bit number.
constexpr std::uint32_t kLargestId = 2147483647;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint32_t> id_of(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failure != std::errc() || end != text.data() + text.size() || id > kLargestId) return {};
  return id;
}

struct PasswdEntry {
  std::string_view name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home;
};

struct GroupEntry {
  std::string_view name;
  std::uint32_t gid = 0;
  std::vector<std::string_view> members;
};

// Malformed lines are skipped, as every reader of these files does.
std::vector<PasswdEntry> passwd_entries(std::string_view text) {
  std::vector<PasswdEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 6 || line.front() == '#') continue;
    const auto uid = id_of(fields[2]);
    const auto gid = id_of(fields[3]);
    if (uid && gid) entries.push_back({fields[0], *uid, *gid, fields[5]});
  }
  return entries;
}

std::vector<GroupEntry> group_entries(std::string_view text) {
  std::vector<GroupEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3 || line.front() == '#') continue;
    const auto gid = id_of(fields[2]);
    if (!gid) continue;
    entries.push_back(
        {fields[0], *gid,
         fields.size() > 3 ? split(fields[3], ',') : std::vector<std::string_view>{}});
  }
  return entries;
}

std::uint32_t numeric_id(std::string_view text, std::string_view what) {
  const auto id = id_of(text);
  if (!id) {
    throw error(Kind::kInvalidArgument, "{} {} is out of range: ids go from 0 to {}", what, text,
                kLargestId);
  }
  return *id;
}

// A number is that number, whatever names there are (CVE-2016-3697).
std::uint32_t group_id(std::string_view text, const std::vector<GroupEntry>& groups) {
  if (all_digits(text)) return numeric_id(text, "group");
  for (const GroupEntry& group : groups) {
    if (group.name == text) return group.gid;
  }
  throw error(Kind::kInvalidArgument, "unable to find group {}: no matching entries in group file",
              text);
}

}  // namespace

ResolvedUser resolve_user(std::string_view text, const UserFiles& files,
                          const std::vector<std::string>& added) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const std::string_view group =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const auto users = passwd_entries(files.passwd);
  const auto groups = group_entries(files.group);

  ResolvedUser result;
  const std::string_view wanted = name.empty() ? "0" : name;
  const bool number = all_digits(wanted);
  const auto found = std::find_if(users.begin(), users.end(), [&](const PasswdEntry& entry) {
    return number ? entry.uid == id_of(wanted) : entry.name == wanted;
  });
  if (found != users.end()) {
    result.user.uid = found->uid;
    result.user.gid = found->gid;
    if (!found->home.empty()) result.home = found->home;
  } else if (number) {
    result.user.uid = numeric_id(wanted, "user");
  } else {
    throw error(Kind::kInvalidArgument,
                "unable to find user {}: no matching entries in passwd file", wanted);
  }

  auto& gids = result.user.additional_gids;
  if (!group.empty()) {
    result.user.gid = group_id(group, groups);
  } else if (found != users.end()) {
    for (const GroupEntry& entry : groups) {
      const auto& members = entry.members;
      if (std::find(members.begin(), members.end(), found->name) != members.end()) {
        gids.push_back(entry.gid);
      }
    }
  }
  // Who drops its primary group would else be in none that a file may deny it by (CVE-2022-36109).
  gids.push_back(result.user.gid);
  for (const std::string& each : added) gids.push_back(group_id(each, groups));
  // The primary one, too: a process may lay aside its primary group, and with it what a file's mode
  // denies to that group's members (CVE-2022-36109).
  gids.push_back(result.user.gid);
  std::sort(gids.begin(), gids.end());
  gids.erase(std::unique(gids.begin(), gids.end()), gids.end());
  return result;
}

UserFiles read_user_files(int rootfs) {
  const auto text = [&](const char* path) {
    const UniqueFd fd = open_in_root(rootfs, path, O_RDONLY | O_NONBLOCK);
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::string();
    if (!fd) throw sys_error(errno, "open {} in the container", path);
    require_regular(fd.get(), path);
    return read_all(fd.get(), path, kLargestFile);
  };
  return {.passwd = text("/etc/passwd"), .group = text("/etc/group")};
}

}  // namespace seatrial::core
