#include "engine/volume/mount_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/size.h"
#include "engine/volume/volume_name.h"

namespace seatrial::volume {
namespace {

constexpr std::array<std::string_view, 6> kPropagations{"private", "rprivate", "shared",
                                                        "rshared", "slave",    "rslave"};
// Words that docker takes for hosts that are not Linux, and SELinux labels, which have no effect
// where SELinux is off.
constexpr std::array<std::string_view, 5> kIgnored{"consistent", "cached", "delegated", "z", "Z"};
constexpr std::array<std::string_view, 14> kTmpfsFlags{
    "ro",    "rw",   "exec",  "noexec",  "suid",       "nosuid",   "dev",
    "nodev", "sync", "async", "noatime", "nodiratime", "relatime", "strictatime"};
constexpr std::array<std::string_view, 7> kTmpfsKeys{"size", "mode",      "uid",      "gid",
                                                     "mpol", "nr_inodes", "nr_blocks"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The parts of one option, for a sentence that names the whole of it.
class Refusal {
 public:
  Refusal(std::string_view option, std::string_view text) : option_(option), text_(text) {}

  template <typename... Args>
  [[noreturn]] void operator()(fmt::format_string<Args...> format, Args&&... args) const {
    throw error(Kind::kInvalidArgument, "{} \"{}\": {}", option_, text_,
                fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::string_view option_;
  std::string_view text_;
};

// Throws through `refuse` for what no path of a file can hold.
std::string normal_path(std::string_view path, std::string_view what, const Refusal& refuse) {
  if (path.empty() || path.front() != '/') {
    refuse("the {} \"{}\" is not an absolute path", what, path);
  }
  if (path.find('\0') != std::string_view::npos) refuse("the {} holds a NUL byte", what);
  std::string normal = std::filesystem::path(path).lexically_normal().native();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

void check_spec(const MountSpec& spec, const Refusal& refuse) {
  if (spec.target.empty()) refuse("it names no target");
  if (normal_path(spec.target, "target", refuse) != spec.target) {
    refuse("the target \"{}\" is not in its shortest form", spec.target);
  }
  if (spec.target == "/") refuse("the target may not be the root of the container");
  const bool volume = spec.type == MountType::kVolume;
  const bool bind = spec.type == MountType::kBind;
  if (bind) {
    if (spec.source.empty()) refuse("a bind mount needs a source");
    normal_path(spec.source, "source", refuse);
  }
  if (volume && !spec.source.empty() && !is_volume_name(spec.source)) {
    refuse("\"{}\" is not a volume name ({}); a host path starts with '/'", spec.source,
           kVolumeNameRule);
  }
  if (spec.type == MountType::kTmpfs && !spec.source.empty()) refuse("a tmpfs has no source");
  if (!bind && !spec.propagation.empty()) refuse("only a bind mount has a propagation");
  if (!spec.propagation.empty() && !contains(kPropagations, spec.propagation)) {
    refuse("\"{}\" is not a propagation ({})", spec.propagation, fmt::join(kPropagations, ", "));
  }
  if (!bind && (!spec.recursive || spec.create_source)) {
    refuse("only a bind mount has options of a bind mount");
  }
  if (!volume && (spec.no_copy || !spec.labels.empty() || !spec.subpath.empty())) {
    refuse("only a volume has options of a volume");
  }
  if (spec.type != MountType::kTmpfs && (spec.tmpfs_size != 0 || spec.tmpfs_mode)) {
    refuse("only a tmpfs has a size and a mode");
  }
}

void take_volume_word(MountSpec& spec, bool& access_given, const std::string& word,
                      const Refusal& refuse) {
  if (word == "ro" || word == "rw") {
    if (access_given) refuse("says twice whether it may be written");
    access_given = true;
    spec.read_only = word == "ro";
  } else if (word == "nocopy") {
    spec.no_copy = true;
  } else if (contains(kPropagations, word)) {
    if (!spec.propagation.empty()) refuse("names two propagations");
    spec.propagation = word;
  } else if (!contains(kIgnored, word)) {
    refuse("\"{}\" is not an option of a mount (ro, rw, nocopy, z, Z, {})", word,
           fmt::join(kPropagations, ", "));
  }
}

// A field of a comma-separated line: quotes keep commas, two quotes in quotes are one (RFC 4180).
std::vector<std::string> csv_fields(std::string_view text, const Refusal& refuse) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
      fields.back() += '"';
      ++at;
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) refuse("a quote is not closed");
  return fields;
}

bool parse_boolean(std::string_view key, const std::optional<std::string>& value,
                   const Refusal& refuse) {
  if (!value || *value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  refuse("{} is \"{}\"; it takes true or false", key, *value);
}

std::uint32_t parse_mode(std::string_view text, const Refusal& refuse) {
  std::uint32_t mode = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (failure != std::errc() || end != text.data() + text.size() || mode > 07777) {
    refuse("\"{}\" is not an octal file mode", text);
  }
  return mode;
}

std::uint64_t require_size(std::string_view text, const Refusal& refuse) {
  const auto size = parse_size(text);
  if (!size) refuse("\"{}\" is not a size in bytes", text);
  return *size;
}

MountType require_type(std::string_view text, const Refusal& refuse) {
  for (const MountType type : {MountType::kVolume, MountType::kBind, MountType::kTmpfs}) {
    if (to_string(type) == text) return type;
  }
  refuse("\"{}\" is not a type of mount (volume, bind, tmpfs)", text);
}

void take_label(MountSpec& spec, std::string_view text) {
  const std::size_t equals = text.find('=');
  spec.labels[std::string(text.substr(0, equals))] =
      equals == std::string_view::npos ? "" : std::string(text.substr(equals + 1));
}

// bind-recursive=enabled and its kin: what a read-only recursive mount does follows the kernel.
void take_recursion(MountSpec& spec, std::string_view value, const Refusal& refuse) {
  if (value != "enabled" && value != "disabled" && value != "writable" && value != "readonly") {
    refuse("bind-recursive is \"{}\"; it takes enabled, disabled, writable or readonly", value);
  }
  spec.recursive = value != "disabled";
}

void take_mount_field(MountSpec& spec, const std::string& field, const Refusal& refuse) {
  const std::size_t equals = field.find('=');
  const std::string key = field.substr(0, equals);
  std::optional<std::string> value;
  if (equals != std::string::npos) value = field.substr(equals + 1);
  if (key == "readonly" || key == "ro") {
    spec.read_only = parse_boolean(key, value, refuse);
    return;
  }
  if (key == "volume-nocopy") {
    spec.no_copy = parse_boolean(key, value, refuse);
    return;
  }
  if (key == "bind-nonrecursive") {
    spec.recursive = !parse_boolean(key, value, refuse);
    return;
  }
  if (key == "bind-create-src") {
    spec.create_source = parse_boolean(key, value, refuse);
    return;
  }
  if (!value) refuse("\"{}\" is not of the form key=value", field);
  if (key == "type") {
    spec.type = require_type(*value, refuse);
  } else if (key == "source" || key == "src") {
    spec.source = *value;
  } else if (key == "target" || key == "destination" || key == "dst") {
    spec.target = normal_path(*value, "target", refuse);
  } else if (key == "bind-propagation") {
    spec.propagation = *value;
  } else if (key == "bind-recursive") {
    take_recursion(spec, *value, refuse);
  } else if (key == "volume-subpath") {
    spec.subpath = *value;
  } else if (key == "volume-label") {
    take_label(spec, *value);
  } else if (key == "volume-driver") {
    if (*value != "local") refuse("the volume driver \"{}\" is not there; local is", *value);
  } else if (key == "tmpfs-size") {
    spec.tmpfs_size = require_size(*value, refuse);
  } else if (key == "tmpfs-mode") {
    spec.tmpfs_mode = parse_mode(*value, refuse);
  } else if (key != "consistency") {
    refuse("\"{}\" is not a key of a mount", key);
  }
}

void check_tmpfs_word(const std::string& word, const Refusal& refuse) {
  const std::size_t equals = word.find('=');
  const std::string key = word.substr(0, equals);
  if (equals == std::string::npos ? contains(kTmpfsFlags, key) : contains(kTmpfsKeys, key)) return;
  refuse("\"{}\" is not an option of a tmpfs", word);
}

}  // namespace

std::string_view to_string(MountType type) {
  switch (type) {
    case MountType::kVolume:
      return "volume";
    case MountType::kBind:
      return "bind";
    case MountType::kTmpfs:
      return "tmpfs";
  }
  return {};
}

void check(const MountSpec& spec) {
  check_spec(spec, Refusal("mount", spec.target));
}

MountSpec parse_volume_option(std::string_view text) {
  const Refusal refuse("volume", text);
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3) refuse("it has more than the three parts SOURCE:TARGET:OPTIONS");
  MountSpec spec;
  spec.target = normal_path(parts.size() == 1 ? parts[0] : parts[1], "target", refuse);
  if (parts.size() > 1) {
    if (parts[0].empty()) refuse("its source is empty");
    if (parts[0].front() == '/') {
      spec.type = MountType::kBind;
      spec.source = normal_path(parts[0], "source", refuse);
      spec.create_source = true;
    } else {
      spec.source = parts[0];
    }
  }
  bool access_given = false;
  if (parts.size() == 3) {
    for (const std::string& word : split(parts[2], ',')) {
      take_volume_word(spec, access_given, word, refuse);
    }
  }
  check_spec(spec, refuse);
  return spec;
}

MountSpec parse_mount_option(std::string_view text) {
  const Refusal refuse("mount", text);
  MountSpec spec;
  for (const std::string& field : csv_fields(text, refuse)) take_mount_field(spec, field, refuse);
  if (spec.type == MountType::kBind && !spec.source.empty()) {
    spec.source = normal_path(spec.source, "source", refuse);
  }
  check_spec(spec, refuse);
  return spec;
}

MountSpec parse_tmpfs_option(std::string_view text) {
  const Refusal refuse("tmpfs", text);
  const std::size_t colon = text.find(':');
  MountSpec spec{.type = MountType::kTmpfs};
  spec.target = normal_path(text.substr(0, colon), "target", refuse);
  if (colon != std::string_view::npos) {
    spec.tmpfs_options = text.substr(colon + 1);
    for (const std::string& word : split(spec.tmpfs_options, ',')) check_tmpfs_word(word, refuse);
  }
  check_spec(spec, refuse);
  return spec;
}

}  // namespace seatrial::volume
