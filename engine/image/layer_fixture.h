// Layers for this room's tests: archives written entry by entry, also such as no tar(1) writes,
// and what they become on disk.
#pragma once

#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/tar_stream.h"
#include "engine/image/unpack.h"

namespace seatrial::image::testing {

struct Item {
  std::string name = {};
  mode_t mode = S_IFREG | 0644;
  std::string content = {};  // of a file
  std::string link = {};     // target of a symbolic link
  std::string hard_link = {};
  unsigned major = 0;
  unsigned minor = 0;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::int64_t seconds = 1;
  long nanoseconds = 0;
  std::vector<std::pair<std::string, std::string>> xattrs = {};
};

inline Item dir(std::string name, mode_t mode = 0755) {
  return {.name = std::move(name), .mode = S_IFDIR | mode};
}
inline Item file(std::string name, std::string content) {
  return {.name = std::move(name), .content = std::move(content)};
}
inline Item symlink(std::string name, std::string target) {
  return {.name = std::move(name), .mode = S_IFLNK | 0777, .link = std::move(target)};
}
inline Item hard_link(std::string name, std::string target) {
  return {.name = std::move(name), .hard_link = std::move(target)};
}

inline std::string tar(const std::vector<Item>& items) {
  std::string bytes;
  TarWriter writer([&](std::span<const std::byte> part) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  for (const Item& item : items) {
    const Entry entry = new_entry();
    ::archive_entry_set_pathname(entry.get(), item.name.c_str());
    ::archive_entry_set_mode(entry.get(), item.mode);
    ::archive_entry_set_uid(entry.get(), item.uid);
    ::archive_entry_set_gid(entry.get(), item.gid);
    ::archive_entry_set_mtime(entry.get(), item.seconds, item.nanoseconds);
    ::archive_entry_set_rdevmajor(entry.get(), item.major);
    ::archive_entry_set_rdevminor(entry.get(), item.minor);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(item.content.size()));
    if (!item.link.empty()) ::archive_entry_set_symlink(entry.get(), item.link.c_str());
    if (!item.hard_link.empty()) {
      ::archive_entry_set_hardlink(entry.get(), item.hard_link.c_str());
    }
    for (const auto& [key, value] : item.xattrs) {
      ::archive_entry_xattr_add_entry(entry.get(), key.c_str(), value.data(), value.size());
    }
    writer.add(entry.get());
    if (item.hard_link.empty()) writer.data(std::as_bytes(std::span(item.content)));
  }
  writer.finish();
  return bytes;
}

// Gives the bytes in pieces of `step`.
class Bytes : public Stream {
 public:
  explicit Bytes(std::string bytes, std::size_t step = 1u << 20)
      : bytes_(std::move(bytes)), step_(step) {}
  std::span<const std::byte> next() override {
    const std::size_t size = std::min(step_, bytes_.size() - at_);
    const auto part = std::as_bytes(std::span(bytes_)).subspan(at_, size);
    at_ += size;
    return part;
  }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
};

// A layer's directory with a victim beside it that no layer may reach.
class LayerTest : public ::testing::Test {
 protected:
  LayerTest() {
    std::filesystem::create_directories(layer());
    std::ofstream(victim()) << "untouched";
    ::chmod(victim().c_str(), 0640);
  }

  std::filesystem::path layer() const { return dir_.path() / "layer"; }
  std::filesystem::path victim() const { return dir_.path() / "victim"; }

  UnpackResult unpack(const std::string& bytes, const UnpackLimits& limits = {}) {
    const UniqueFd fd = open_file(layer(), O_RDONLY | O_DIRECTORY);
    return unpack_layer(std::make_unique<Bytes>(bytes), fd.get(), limits);
  }
  UnpackResult unpack(const std::vector<Item>& items) { return unpack(tar(items)); }

  // The sentence that the layer is refused with; empty when it is taken.
  std::string refusal(const std::vector<Item>& items) {
    try {
      unpack(items);
      return {};
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kInvalidArgument) << failure.what();
      return failure.what();
    }
  }

  struct stat status(const std::string& name) const {
    struct stat result{};
    EXPECT_EQ(::lstat((layer() / name).c_str(), &result), 0) << name;
    return result;
  }
  std::string content(const std::string& name) const { return read_file(layer() / name); }
  std::string xattr(const std::string& name, const std::string& key) const {
    char value[256];
    const ssize_t size = ::lgetxattr((layer() / name).c_str(), key.c_str(), value, sizeof value);
    return size < 0 ? "absent" : std::string(value, static_cast<std::size_t>(size));
  }
  bool exists(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(layer() / name));
  }

  void expect_victim_untouched() const {
    EXPECT_EQ(read_file(victim()), "untouched");
    struct stat result{};
    ASSERT_EQ(::stat(victim().c_str(), &result), 0);
    EXPECT_EQ(result.st_mode & 07777U, 0640U);
    EXPECT_EQ(result.st_nlink, 1U);
  }

 private:
  TempDir dir_{"/dev/shm"};
};

}  // namespace seatrial::image::testing
