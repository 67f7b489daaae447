#include "engine/spec/mount_options.h"

// Not <sys/mount.h>: the two disagree about what each may define when both are included.
#include <linux/mount.h>

#include <algorithm>
#include <array>

namespace seatrial::spec {
namespace {

constexpr std::uint64_t kRdonly = MOUNT_ATTR_RDONLY;
constexpr std::uint64_t kNosuid = MOUNT_ATTR_NOSUID;
constexpr std::uint64_t kNodev = MOUNT_ATTR_NODEV;
constexpr std::uint64_t kNoexec = MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t kNosymfollow = MOUNT_ATTR_NOSYMFOLLOW;
constexpr std::uint64_t kNodiratime = MOUNT_ATTR_NODIRATIME;
// One field of three values, of which relatime is 0: to change it, the kernel wants the whole
// field in attr_clr (mount_setattr(2)).
constexpr std::uint64_t kAtimeField = MOUNT_ATTR__ATIME;
constexpr std::uint64_t kNoatime = MOUNT_ATTR_NOATIME;
constexpr std::uint64_t kStrictatime = MOUNT_ATTR_STRICTATIME;

using enum OptionEffect;

constexpr auto kTable = std::to_array<MountOption>({
    {"async", kSuperblockFlag, 0, MS_SYNCHRONOUS},
    {"atime", kAttribute, 0, kNoatime},
    {"bind", kBind, 0, 0},
    {"defaults", kNone, 0, 0},
    {"dev", kAttribute, 0, kNodev},
    {"diratime", kAttribute, 0, kNodiratime},
    {"dirsync", kSuperblockFlag, MS_DIRSYNC, 0},
    {"exec", kAttribute, 0, kNoexec},
    {"idmap", kIdmap, 0, 0},
    {"iversion", kSuperblockFlag, MS_I_VERSION, 0},
    {"lazytime", kSuperblockFlag, MS_LAZYTIME, 0},
    {"loud", kLoud, 0, 0},
    {"mand", kSuperblockFlag, MS_MANDLOCK, 0},
    {"noatime", kAttribute, kNoatime, kAtimeField},
    {"nodev", kAttribute, kNodev, 0},
    {"nodiratime", kAttribute, kNodiratime, 0},
    {"noexec", kAttribute, kNoexec, 0},
    {"noiversion", kSuperblockFlag, 0, MS_I_VERSION},
    {"nolazytime", kSuperblockFlag, 0, MS_LAZYTIME},
    {"nomand", kSuperblockFlag, 0, MS_MANDLOCK},
    // relatime is the kernel's default and has no bit of its own, so there is nothing to clear.
    {"norelatime", kNone, 0, 0},
    {"nostrictatime", kAttribute, 0, kStrictatime},
    {"nosuid", kAttribute, kNosuid, 0},
    {"nosymfollow", kAttribute, kNosymfollow, 0},
    {"private", kPropagation, MS_PRIVATE, 0},
    {"ratime", kRecursiveAttribute, 0, kNoatime},
    {"rbind", kBind, MS_REC, 0},
    {"rdev", kRecursiveAttribute, 0, kNodev},
    {"rdiratime", kRecursiveAttribute, 0, kNodiratime},
    {"relatime", kAttribute, 0, kAtimeField},
    {"remount", kRemount, 0, 0},
    {"rexec", kRecursiveAttribute, 0, kNoexec},
    {"ridmap", kIdmap, MS_REC, 0},
    {"rnoatime", kRecursiveAttribute, kNoatime, kAtimeField},
    {"rnodev", kRecursiveAttribute, kNodev, 0},
    {"rnodiratime", kRecursiveAttribute, kNodiratime, 0},
    {"rnoexec", kRecursiveAttribute, kNoexec, 0},
    {"rnorelatime", kNone, 0, 0},
    {"rnostrictatime", kRecursiveAttribute, 0, kStrictatime},
    {"rnosuid", kRecursiveAttribute, kNosuid, 0},
    {"rnosymfollow", kRecursiveAttribute, kNosymfollow, 0},
    {"ro", kAttribute, kRdonly, 0},
    {"rprivate", kPropagation, MS_PRIVATE | MS_REC, 0},
    {"rrelatime", kRecursiveAttribute, 0, kAtimeField},
    {"rro", kRecursiveAttribute, kRdonly, 0},
    {"rrw", kRecursiveAttribute, 0, kRdonly},
    {"rshared", kPropagation, MS_SHARED | MS_REC, 0},
    {"rslave", kPropagation, MS_SLAVE | MS_REC, 0},
    {"rstrictatime", kRecursiveAttribute, kStrictatime, kAtimeField},
    {"rsuid", kRecursiveAttribute, 0, kNosuid},
    {"rsymfollow", kRecursiveAttribute, 0, kNosymfollow},
    {"runbindable", kPropagation, MS_UNBINDABLE | MS_REC, 0},
    {"rw", kAttribute, 0, kRdonly},
    {"shared", kPropagation, MS_SHARED, 0},
    {"silent", kSilent, 0, 0},
    {"slave", kPropagation, MS_SLAVE, 0},
    {"strictatime", kAttribute, kStrictatime, kAtimeField},
    {"suid", kAttribute, 0, kNosuid},
    {"symfollow", kAttribute, 0, kNosymfollow},
    {"sync", kSuperblockFlag, MS_SYNCHRONOUS, 0},
    {"tmpcopyup", kCopyUp, 0, 0},
    {"unbindable", kPropagation, MS_UNBINDABLE, 0},
});

constexpr bool by_name(const MountOption& left, const MountOption& right) {
  return left.name < right.name;
}
static_assert(std::is_sorted(kTable.begin(), kTable.end(), by_name));

const MountOption* find_option(std::string_view name) {
  const auto entry =
      std::lower_bound(kTable.begin(), kTable.end(), MountOption{.name = name}, by_name);
  return entry != kTable.end() && entry->name == name ? &*entry : nullptr;
}

// The option's bits with the whole access-time field where it touches any of it.
std::uint64_t touched_bits(const MountOption& option) {
  const std::uint64_t bits = option.set | option.clear;
  return (bits & kAtimeField) != 0 ? bits | kAtimeField : bits;
}

void apply_attribute(const MountOption& option, std::uint64_t& set, std::uint64_t& clear) {
  set = (set & ~option.clear) | option.set;
  clear = (clear & ~option.set) | option.clear;
  if (((option.set | option.clear) & kAtimeField) != 0) clear |= kAtimeField;
}

// Splits at commas outside double quotes and not behind a backslash.
void add_data(std::string_view text, std::vector<std::string>& data) {
  std::string piece;
  bool quoted = false;
  bool escaped = false;
  for (const char c : text) {
    const bool separates = c == ',' && !quoted && !escaped;
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && !escaped;
    if (!separates) {
      piece += c;
      continue;
    }
    if (!piece.empty()) data.push_back(std::move(piece));
    piece.clear();
  }
  if (!piece.empty()) data.push_back(std::move(piece));
}

void apply(const MountOption& option, MountOptions& result) {
  const bool recursive = (option.set & MS_REC) != 0;
  switch (option.effect) {
    case kNone:
      break;
    case kAttribute:
      apply_attribute(option, result.attributes_set, result.attributes_clear);
      break;
    case kRecursiveAttribute:
      apply_attribute(option, result.recursive_attributes_set, result.recursive_attributes_clear);
      // The tree includes its top, so an earlier word about the top alone is overruled.
      result.attributes_set &= ~touched_bits(option);
      result.attributes_clear &= ~touched_bits(option);
      break;
    case kSuperblockFlag:
      result.superblock_flags = (result.superblock_flags & ~option.clear) | option.set;
      break;
    case kPropagation:
      result.propagation = option.set & ~static_cast<std::uint64_t>(MS_REC);
      result.propagation_recursive = recursive;
      break;
    case kBind:
      // rbind and bind together are recursive in either order, as for mount(8).
      result.bind = true;
      result.bind_recursive |= recursive;
      break;
    case kIdmap:
      result.idmap = true;
      result.idmap_recursive = recursive;
      break;
    case kRemount:
      result.remount = true;
      break;
    case kSilent:
    case kLoud:
      result.silent = option.effect == kSilent;
      break;
    case kCopyUp:
      result.copy_up = true;
      break;
  }
}

}  // namespace

std::span<const MountOption> mount_option_table() {
  return kTable;
}

MountOptions parse_mount_options(const std::vector<std::string>& options) {
  MountOptions result;
  for (const std::string& text : options) {
    if (const MountOption* option = find_option(text)) {
      apply(*option, result);
    } else {
      add_data(text, result.data);
    }
  }
  return result;
}

}  // namespace seatrial::spec
