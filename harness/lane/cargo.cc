#include "harness/lane/cargo.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/hasher.h"
#include "harness/lane/tool.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLinker = "/lib64/ld-linux-x86-64.so.2";
constexpr int kMostLinks = 40;  // as the kernel follows
constexpr std::size_t kChunk = 1U << 20;

struct stat status_of(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) throw sys_error(errno, "stat {}", path);
  return status;
}

std::string beginning(const std::string& path) {
  const UniqueFd file = open_file(path, O_RDONLY);
  char buffer[256];
  const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
  return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
}

// "#!/usr/bin/python3 -u" names /usr/bin/python3.
std::string interpreter_of(std::string_view text) {
  std::istringstream words(std::string(text.substr(2, text.find('\n') - 2)));
  std::string program;
  words >> program;
  return program;
}

void update(image::Hasher& hasher, std::string_view text) {
  hasher.update(std::as_bytes(std::span(text)));
}

void update_with_file(image::Hasher& hasher, const std::string& path) {
  const UniqueFd file = open_file(path, O_RDONLY);
  std::string buffer(kChunk, '\0');
  for (ssize_t got; (got = ::read(file.get(), buffer.data(), buffer.size())) != 0;) {
    if (got < 0) throw sys_error(errno, "read {}", path);
    update(hasher, std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
}

}  // namespace

std::vector<std::string> listed_libraries(std::string_view text) {
  // "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x7f...)", or a path without an arrow.
  std::vector<std::string> libraries;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t slash = line.find('/');
    const std::size_t end = line.find(" (0x");
    if (slash == std::string::npos || end == std::string::npos) continue;
    const std::size_t arrow = line.find("=> ");
    const std::size_t begin = arrow == std::string::npos ? slash : arrow + 3;
    libraries.push_back(line.substr(begin, end - begin));
  }
  return libraries;
}

std::string Cargo::add_way(const fs::path& path) {
  fs::path rest = fs::absolute(path).lexically_normal().relative_path();
  fs::path at = "/";
  for (int links = 0; !rest.empty();) {
    const fs::path next = at / *rest.begin();
    fs::path behind;
    for (auto part = std::next(rest.begin()); part != rest.end(); ++part) behind /= *part;
    const struct stat status = status_of(next);
    if (S_ISLNK(status.st_mode)) {
      if (++links > kMostLinks) throw sys_error(ELOOP, "follow {}", path.native());
      const fs::path target = fs::read_symlink(next);
      items_[next] = {.mode = S_IFLNK | 0777, .content = target};
      // Parents are real directories by now, so .. can be taken by the words.
      rest = ((target.is_absolute() ? target : at / target) / behind).lexically_normal();
      rest = rest.relative_path();
      at = "/";
      continue;
    }
    if (S_ISDIR(status.st_mode)) items_[next] = {.mode = status.st_mode};
    at = next;
    rest = behind;
    if (rest.native() == ".") break;
  }
  return at;
}

void Cargo::add(const fs::path& path) {
  const std::string real = add_way(path);
  const struct stat status = status_of(real);
  if (S_ISREG(status.st_mode)) add_file(real);
  if (!S_ISDIR(status.st_mode)) return;
  for (const auto& entry : fs::directory_iterator(real)) {
    std::error_code broken;
    if (fs::exists(entry.path(), broken)) add(entry.path());
  }
}

void Cargo::add_if_there(const fs::path& path) {
  std::error_code absent;
  if (!path.empty() && fs::exists(path, absent)) add(path);
}

void Cargo::add_link_if_there(const fs::path& path) {
  std::error_code absent;
  if (fs::exists(path, absent)) add_way(path);
}

void Cargo::add_file(const std::string& path) {
  const auto [item, fresh] = items_.try_emplace(path);
  if (!fresh) return;
  item->second = {.mode = status_of(path).st_mode, .source = path};
  if ((item->second.mode & 0111) != 0 || path.find(".so") != std::string::npos) add_needs(path);
}

void Cargo::add_needs(const std::string& path) {
  const std::string head = beginning(path);
  if (head.starts_with("#!")) {
    add_if_there(interpreter_of(head));
    return;
  }
  if (!head.starts_with("\x7f"
                        "ELF"))
    return;
  std::string listed;
  try {
    listed = run_tool({kLinker, "--list", path});
  } catch (const Error&) {
    return;  // static, or of another machine
  }
  // The list has what libraries need in turn, so nobody need ask for each.
  std::vector<std::string> needs = listed_libraries(listed);
  needs.emplace_back(kLinker);
  for (const std::string& need : needs) {
    const std::string real = add_way(need);
    items_.try_emplace(real, Item{.mode = status_of(real).st_mode, .source = real});
  }
}

void Cargo::add_text(const std::string& path, std::string content, unsigned mode) {
  items_[path] = {.mode = S_IFREG | mode, .content = std::move(content)};
}

void Cargo::add_directory(const std::string& path, unsigned mode) {
  items_[path] = {.mode = S_IFDIR | mode};
}

std::vector<std::string> Cargo::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, item] : items_) all.push_back(path);
  return all;
}

std::string Cargo::fingerprint() const {
  image::Hasher hasher;
  for (const auto& [path, item] : items_) {
    const std::size_t size = item.source.empty()
                                 ? item.content.size()
                                 : static_cast<std::size_t>(status_of(item.source).st_size);
    update(hasher, fmt::format("{} {:o} {}\n", path, item.mode, size));
    item.source.empty() ? update(hasher, item.content) : update_with_file(hasher, item.source);
  }
  return std::string(hasher.finish().hex());
}

void Cargo::write(ArchiveWriter& archive, const std::string& root) const {
  for (const auto& [path, item] : items_) {
    if (item.source.empty()) {
      archive.add(root + path, item.mode, item.content);
    } else {
      archive.add_file(root + path, item.mode, item.source);
    }
  }
}

}  // namespace seatrial::lane
