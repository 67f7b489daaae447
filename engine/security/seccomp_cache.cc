// A file is a line with the sizes and a checksum, the text of the profile, the program. The name is
// a hash of the text; since the text itself is compared, two profiles of one hash cannot get each
// other's program.
#include "engine/security/seccomp_cache.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <iterator>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/security/seccomp.h"

namespace seatrial::security {
namespace {

constexpr int kFormat = 1;  // counts up when compile() makes something else of a profile
constexpr std::size_t kMostFiles = 64;  // some 25 KB each
constexpr std::size_t kLargestFile = 16u << 20;

std::string text_of(std::optional<std::uint16_t> number) {
  return number ? fmt::format("{}", *number) : "-";  // none is not 0
}

// All that the program depends on; names with their lengths, so that none can pass for two.
std::string text_of(const spec::Seccomp& profile) {
  std::string text =
      fmt::format("{} {}.{}.{}\n{} {}", kFormat, SCMP_VER_MAJOR, SCMP_VER_MINOR, SCMP_VER_MICRO,
                  static_cast<int>(profile.default_action), text_of(profile.default_errno_ret));
  const auto out = std::back_inserter(text);
  for (const std::string& architecture : profile.architectures) {
    fmt::format_to(out, " {}", architecture);
  }
  for (const spec::SeccompRule& rule : profile.syscalls) {
    fmt::format_to(out, "\n{} {}", static_cast<int>(rule.action), text_of(rule.errno_ret));
    for (const spec::SeccompArgument& argument : rule.args) {
      fmt::format_to(out, " {},{},{},{}", argument.index, static_cast<int>(argument.op),
                     argument.value, argument.value_two);
    }
    for (const std::string& name : rule.names) {
      text += ' ';
      text += std::to_string(name.size());  // these are hundreds: quicker than a format
      text += ':';
      text += name;
    }
  }
  return text;
}

// Against accidents, not against an attacker, who would have to write in our directory. Where a
// library hashes otherwise, profiles are compiled once more.
std::uint64_t hash(std::string_view bytes) {
  return std::hash<std::string_view>{}(bytes);
}

std::string header(std::string_view text, std::string_view program) {
  return fmt::format("seccomp {} {} {:016x}\n", text.size(), program.size(), hash(program));
}

// The program in a file of the cache; empty when the file is not what it should be.
std::string program_in(const std::string& file, std::string_view text) {
  const std::size_t begin = file.find('\n') + 1;
  if (begin == 0 || file.compare(begin, text.size(), text) != 0) return {};
  const std::string_view program = std::string_view(file).substr(begin + text.size());
  if (std::string_view(file).substr(0, begin) != header(text, program)) return {};
  return std::string(program);
}

// Makes the directory where it is missing. A forged program in it would be a hole in the filter.
bool is_ours(const std::filesystem::path& directory) {
  ::mkdir(directory.c_str(), 0700);
  struct stat status{};
  return ::lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 022) == 0;
}

void make_room(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator files(directory);
  if (std::distance(begin(files), end(files)) < static_cast<std::ptrdiff_t>(kMostFiles)) return;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::filesystem::remove(file.path());
  }
}

}  // namespace

std::string SeccompCache::get(const spec::Seccomp& profile) const {
  const auto last = [&] {
    const std::lock_guard lock(mutex_);
    return last_;
  }();
  if (last && last->profile == profile) return last->program;
  auto entry = std::make_shared<const Entry>(Entry{profile, from_directory(profile)});
  const std::lock_guard lock(mutex_);
  last_ = entry;
  return entry->program;
}

std::string SeccompCache::from_directory(const spec::Seccomp& profile) const {
  if (!is_ours(directory_)) return compile(profile);
  const std::string text = text_of(profile);
  const std::filesystem::path path = directory_ / fmt::format("{:016x}", hash(text));
  try {
    std::string program = program_in(read_file(path, kLargestFile), text);
    if (!program.empty()) return program;
  } catch (const Error&) {
    // Not there yet, or not readable: both are made good below.
  }
  std::string program = compile(profile);
  try {
    make_room(directory_);
    write_file_atomically(path, header(text, program) + text + program, 0600);
  } catch (const std::exception&) {
    // A container does not fail for want of a cache.
  }
  return program;
}

}  // namespace seatrial::security
