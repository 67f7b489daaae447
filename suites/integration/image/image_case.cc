#include "suites/integration/image/image_case.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/engine_failure.h"

namespace image_suite {
namespace {

namespace fs = std::filesystem;

}  // namespace

Root::Root(const seatrial::image::ImageStore& store, const ImageRecord& image, std::string id,
           fs::path target)
    : store_(store), id_(std::move(id)), target_(std::move(target)) {
  fs::create_directories(target_);
  store_.prepare(id_, image.id);
  store_.mount(id_, target_, seatrial::image::Durability::kVolatile);
}

Root::~Root() {
  ::umount2(target_.c_str(), MNT_DETACH);
  try {
    store_.remove_snapshot(id_);
  } catch (const seatrial::Error& failure) {
    ADD_FAILURE() << "the snapshot stays: " << failure.what();
  }
}

std::string Root::read(const std::string& name) const {
  return has(name) ? seatrial::read_file(target_ / name) : "absent";
}

bool Root::has(const std::string& name) const {
  return status(name).st_nlink > 0;
}

struct stat Root::status(const std::string& name) const {
  struct stat result{};
  if (::lstat((target_ / name).c_str(), &result) != 0) return {};
  return result;
}

std::vector<std::string> Root::names(const std::string& directory) const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(target_ / directory)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

ImageCase::ImageCase() : canary_(scratch_dir("canary")) {
  scratch_file("canary/secret", "untouched");
  ::chmod((canary_ / "secret").c_str(), 0640);
  store_.emplace(scratch_dir("store"));
  store_->lease();  // its lock is made by the first use and is nothing left over
}

ImageRecord ImageCase::load_bytes(const std::string& bytes, Where where) {
  const fs::path file = scratch_file("archive-" + std::to_string(++archives_), bytes);
  const seatrial::UniqueFd fd = seatrial::open_file(file, O_RDONLY | O_CLOEXEC);
  try {
    const std::vector<ImageRecord> loaded = store().load(fd.get());
    if (loaded.size() == 1) return loaded.front();
    throw EngineFailure(fmt::format("load found {} images where one is", loaded.size()), where);
  } catch (const seatrial::Error& failure) {
    throw EngineFailure(fmt::format("load refused the image: {}", failure.what()), where);
  }
}

ImageRecord ImageCase::load(const Files& files, Where where) {
  return load_bytes(tar_of(files), where);
}

ImageRecord ImageCase::load(const Draft& draft, Where where) {
  return load(oci_layout(draft), where);
}

std::string ImageCase::refusal_of_bytes(const std::string& bytes) {
  const fs::path file = scratch_file("archive-" + std::to_string(++archives_), bytes);
  const seatrial::UniqueFd fd = seatrial::open_file(file, O_RDONLY | O_CLOEXEC);
  try {
    store().load(fd.get());
    return {};
  } catch (const seatrial::Error& failure) {
    EXPECT_THAT(failure.kind(), AnyOf(seatrial::Kind::kInvalidArgument, seatrial::Kind::kNotFound,
                                      seatrial::Kind::kExhausted))
        << failure.what();
    return failure.what();
  }
}

std::string ImageCase::refusal(const Files& files) {
  return refusal_of_bytes(tar_of(files));
}

std::unique_ptr<Root> ImageCase::root_of(const ImageRecord& image) {
  const std::string id = "root-" + std::to_string(++roots_);
  return std::make_unique<Root>(store(), image, id, scratch() / id);
}

std::set<std::string> ImageCase::footprint() const {
  std::set<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(scratch() / "store")) {
    paths.insert(entry.path().lexically_relative(scratch()).native());
  }
  return paths;
}

std::vector<std::string> ImageCase::left_since(const std::set<std::string>& before) const {
  std::vector<std::string> left;
  for (const std::string& path : footprint()) {
    if (!before.contains(path)) left.push_back(path);
  }
  return left;
}

void ImageCase::expect_canary_untouched() const {
  EXPECT_EQ(seatrial::read_file(canary_ / "secret"), "untouched");
  struct stat file{};
  ASSERT_EQ(::lstat((canary_ / "secret").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode, S_IFREG | 0640U);
  EXPECT_EQ(file.st_nlink, 1U) << "somebody holds another link to the canary";
  struct stat directory{};
  ASSERT_EQ(::lstat(canary_.c_str(), &directory), 0);
  EXPECT_EQ(directory.st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(std::distance(fs::directory_iterator(canary_), {}), 1);
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
    return {};
  } catch (const seatrial::Error& failure) {
    return fmt::format("{}: {}", seatrial::to_string(failure.kind()), failure.what());
  }
}

}  // namespace image_suite
