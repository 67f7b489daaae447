// The host's disks: how fast they are written to, and how much.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/security/containment/containment_case.h"

namespace containment {
namespace {

namespace fs = std::filesystem;

// A directory of the host's that lies on a disk, and the disk's node.
struct DiskPlace {
  fs::path directory;
  std::string node;
};

// Limits are the whole disk's; a partition is one of its directories in sysfs.
DiskPlace disk_place() {
  for (const char* directory : {"/tmp", "/var/tmp", "/var/lib"}) {
    struct stat status{};
    if (::stat(directory, &status) != 0) continue;
    fs::path device = fs::path("/sys/dev/block") /
                      fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
    std::error_code none;
    device = fs::canonical(device, none);
    if (none) continue;
    if (fs::exists(device / "partition")) device = device.parent_path();
    const fs::path node = "/dev" / device.filename();
    if (fs::is_block_file(node, none)) return {.directory = directory, .node = node};
  }
  throw Lack("no directory of this host lies on a block device that a limit could be set for");
}

}  // namespace

TRIAL(DiskWrites, AreNotFasterThanTheLimit, Clauses{"security/containment/io"},
      Needs{Feature::kBlkioCgroup, Feature::kCgroupV1}, Deadline{60s}) {
  constexpr std::int64_t kRate = kMebibyte, kBytes = 3 * kMebibyte;
  constexpr std::int64_t kLeast = kBytes * 1000 / kRate * 9 / 10;  // milliseconds
  const DiskPlace disk = disk_place();
  const seatrial::TempDir directory(disk.directory);
  const auto written = [&](std::vector<DeviceRateDraft> rates) {
    const ContainerDraft draft{
        .mounts = {{.type = "bind", .source = directory.path(), .target = "/disk"}},
        .device_write_bps = std::move(rates)};
    return report(probe(draft, {{"write_through", "/disk/file", "3"}})).answer("write_through");
  };
  const Answer free = written({});  // control
  if (free.error() == "EINVAL") throw Lack("no file of this host's disk can be written directly");
  ASSERT_THAT(free, HasField("written", kBytes)) << free.dump();
  if (free.number("ms") > kLeast / 2) throw Lack("the disk is hardly faster than the limit");
  const Answer limited = written({{.path = disk.node, .rate = kRate}});
  EXPECT_THAT(limited, HasField("written", kBytes)) << limited.dump();
  EXPECT_THAT(limited, HasField("ms", Ge(kLeast))) << limited.dump();
}

TRIAL(DiskQuota, EndsWritingOrIsRefused, Clauses{"security/containment/disk-quota"},
      Deadline{30s}) {
  const std::vector<Command> fill{{"fill", "/file", "16"}};
  EXPECT_TRUE(report(probe(fill)).answer("fill").ok());  // control
  const ContainerDraft draft = probe({.storage_opt = {{"size", "10m"}}}, fill);
  std::string id;
  try {
    id = engine().create(draft);
    engine().start(id);
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), AnyOf(HasSubstr("storage"), HasSubstr("quota")));
    if (!id.empty()) engine().remove(id, {.force = true});
    return;  // refused, and said so
  }
  wait(id);
  const Answer filled = Report(engine().logs(id, {}).out).answer("fill");
  engine().remove(id, {.force = true});
  EXPECT_THAT(filled.error(), AnyOf("ENOSPC", "EDQUOT")) << filled.dump();
  EXPECT_THAT(filled, HasField("written", Le(10 * kMebibyte)));
}

}  // namespace containment
