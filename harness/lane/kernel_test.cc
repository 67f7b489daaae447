#include "harness/lane/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::lane {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(NewestPackage, ComparesNumbersAndNotLetters) {
  EXPECT_EQ(newest_package({"linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-56-cloud-amd64",
                            "linux-image-6.1.0-10-cloud-amd64"},
                           "6.1"),
            "linux-image-6.1.0-56-cloud-amd64");
}

TEST(NewestPackage, TakesNoOtherKindAndNoOtherSeries) {
  EXPECT_EQ(
      newest_package({"linux-image-6.1.0-56-cloud-amd64-dbg", "linux-image-cloud-amd64",
                      "linux-image-6.1.0-56-cloud-amd64-unsigned", "linux-image-6.1.0-56-amd64",
                      "linux-image-6.12.9-cloud-amd64", "linux-headers-6.1.0-56-cloud-amd64"},
                     "6.1"),
      std::nullopt);
}

constexpr const char* kTable =
    "kernel/fs/fuse.ko:\n"
    "kernel/drivers/virtio/virtio-ring.ko:\n"
    "kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio-ring.ko\n"
    "kernel/drivers/char/console.ko: kernel/drivers/virtio/virtio.ko "
    "kernel/drivers/virtio/virtio-ring.ko\n";

TEST(ModuleTable, PutsFirstWhatIsNeededFirst) {
  EXPECT_THAT(ModuleTable::parse(kTable).load_order({"console", "fuse"}),
              ElementsAre("kernel/drivers/virtio/virtio-ring.ko", "kernel/drivers/virtio/virtio.ko",
                          "kernel/drivers/char/console.ko", "kernel/fs/fuse.ko"));
}

TEST(ModuleTable, NamesEachFileOnceAndTakesDashesForUnderscores) {
  EXPECT_THAT(
      ModuleTable::parse(kTable).load_order({"virtio_ring", "virtio-ring", "virtio"}),
      ElementsAre("kernel/drivers/virtio/virtio-ring.ko", "kernel/drivers/virtio/virtio.ko"));
}

TEST(ModuleTable, LeavesOutWhatIsBuiltIn) {
  EXPECT_THAT(ModuleTable::parse(kTable).load_order({"ext4"}), IsEmpty());
}

TEST(ModuleTable, RefusesWhatIsNoTable) {
  EXPECT_THROW(ModuleTable::parse("no table"), Error);
}

TEST(ProvideKernel, TakesTheNewestOfTheCache) {
  const TempDir cache(fs::temp_directory_path());
  for (const char* number : {"9", "10"}) {
    const std::string release = std::string("6.1.0-") + number + "-cloud-amd64";
    const fs::path tree = cache.path() / "kernels" / ("linux-image-" + release);
    fs::create_directories(tree / "lib/modules" / release);
    fs::create_directories(tree / "boot");
    write_file_atomically(tree / "boot" / ("vmlinuz-" + release), "");
  }
  EXPECT_EQ(provide_kernel("6.1", cache.path()).release, "6.1.0-10-cloud-amd64");
}

}  // namespace
}  // namespace seatrial::lane
