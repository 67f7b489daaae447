// Each way to touch the tree is seen, and for what it is.
#include "harness/sentinel/canary.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>

#include "engine/base/files.h"
#include "harness/sentinel/own_world.h"

namespace seatrial::sentinel {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
namespace fs = std::filesystem;

struct Touch {
  std::string name;
  std::function<int(const Canary&)> act;  // 0: it was done
  std::string expected;                   // part of a sentence
};

void PrintTo(const Touch& touch, std::ostream* out) {
  *out << touch.name;
}

int write_over(const fs::path& path, std::string_view bytes) {
  const UniqueFd fd = open_file(path, O_WRONLY);
  write_all(fd.get(), bytes, path.native());
  return 0;
}

// As somebody who hides what was done: same size, times put back.
int write_and_hide(const Canary& canary) {
  struct stat status{};
  ::stat(canary.file().c_str(), &status);
  write_over(canary.file(), "x");
  const timespec times[2] = {status.st_atim, status.st_mtim};
  return ::utimensat(AT_FDCWD, canary.file().c_str(), times, 0);
}

int chmod_and_back(const Canary& canary) {
  return ::chmod(canary.file().c_str(), 0777) | ::chmod(canary.file().c_str(), 0600);
}

int replace_by_a_copy(const Canary& canary) {
  fs::copy_file(canary.file(), canary.directory() / "copy");
  return ::rename((canary.directory() / "copy").c_str(), canary.file().c_str());
}

int link_outside(const Canary& canary) {
  return ::link(canary.file().c_str(), (canary.directory().parent_path() / "outside").c_str());
}

int retarget(const Canary& canary) {
  return ::unlink(canary.link().c_str()) | ::symlink("program", canary.link().c_str());
}

int turn_into_a_directory(const Canary& canary) {
  return ::unlink(canary.file().c_str()) | ::mkdir(canary.file().c_str(), 0600);
}

const Touch kTouches[] = {
    {"Content", [](const Canary& c) { return write_over(c.file(), "longer than it was, by some"); },
     "/file was changed: content"},
    {"HiddenContent", write_and_hide, "/file was changed: content, time of change"},
    {"InnerContent", [](const Canary& c) { return write_over(c.inner() / "file", "x"); },
     "/inner/file was changed: content"},
    {"Truncation", [](const Canary& c) { return ::truncate(c.program().c_str(), 0); },
     "/program was changed: content"},
    {"Mode", [](const Canary& c) { return ::chmod(c.inner().c_str(), 0755); },
     "/inner was changed: mode"},
    {"ModeOfTheRoot", [](const Canary& c) { return ::chmod(c.directory().c_str(), 0700); },
     " was changed: mode"},
    {"ModeAndBack", chmod_and_back, "/file was changed: time of change"},
    {"Owner", [](const Canary& c) { return ::chown(c.file().c_str(), 7, 0); },
     "/file was changed: owner"},
    {"Group", [](const Canary& c) { return ::chown(c.file().c_str(), 0, 7); },
     "/file was changed: owner"},
    {"OwnerOfTheLink", [](const Canary& c) { return ::lchown(c.link().c_str(), 7, 7); },
     "/link was changed: owner"},
    {"Copy", replace_by_a_copy, "inode"},
    {"HardLink", link_outside, "/file was changed: number of links"},
    {"Attribute",
     [](const Canary& c) { return ::setxattr(c.file().c_str(), "trusted.other", "x", 1, 0); },
     "/file was changed: extended attributes"},
    {"Time", [](const Canary& c) { return ::utimensat(AT_FDCWD, c.file().c_str(), nullptr, 0); },
     "/file was changed: time of modification"},
    {"NewFile", [](const Canary& c) { return ::mknod((c.directory() / "new").c_str(), 0600, 0); },
     "/new was made"},
    {"NewDirectory", [](const Canary& c) { return ::mkdir((c.inner() / "new").c_str(), 0700); },
     "/inner/new was made"},
    {"NewFifo",
     [](const Canary& c) { return ::mknod((c.directory() / "null").c_str(), S_IFIFO | 0666, 0); },
     "/null was made"},
    {"Removal", [](const Canary& c) { return ::unlink(c.file().c_str()); }, "/file was removed"},
    {"RemovalOfAll", [](const Canary& c) { return fs::remove_all(c.directory()) > 0 ? 0 : -1; },
     "/inner was removed"},
    {"Target", retarget, "/link was changed: content"},
    {"Type", turn_into_a_directory, "type"},
    {"Mount",
     [](const Canary& c) { return ::mount("over", c.inner().c_str(), "tmpfs", 0, nullptr); },
     "tmpfs of over was mounted on "},
    {"BindOfAFile",
     [](const Canary& c) {
       return ::mount(c.program().c_str(), c.file().c_str(), nullptr, MS_BIND, nullptr);
     },
     "was mounted on "},
};

class Tampering : public InOwnWorld, public testing::WithParamInterface<Touch> {};

TEST_P(Tampering, IsSeen) {
  // A tmpfs has attributes of every kind, wherever this runs.
  ASSERT_EQ(::mount("test", dir_.path().c_str(), "tmpfs", 0, nullptr), 0);
  const Canary canary(dir_.path());
  ASSERT_THAT(canary.tampering(), IsEmpty());  // control
  ASSERT_EQ(GetParam().act(canary), 0);
  EXPECT_THAT(canary.tampering(),
              Contains(AllOf(HasSubstr(canary.name()), HasSubstr(GetParam().expected))));
  ::umount2(dir_.path().c_str(), MNT_DETACH);
}

INSTANTIATE_TEST_SUITE_P(Canary, Tampering, testing::ValuesIn(kTouches),
                         [](const auto& each) { return each.param.name; });

TEST(Canary, IsAloneWithItsNamesAndSecrets) {
  const TempDir dir(fs::temp_directory_path());
  const Canary one(dir.path());
  const Canary other(dir.path());
  EXPECT_NE(one.name(), other.name());
  EXPECT_NE(one.secret(), other.secret());
  EXPECT_THAT(read_file(one.file()), HasSubstr(one.secret()));
  EXPECT_THAT(one.directory().native(), Not(HasSubstr(one.secret())));
}

TEST(Canary, IsUntouchedByReading) {
  const TempDir dir(fs::temp_directory_path());
  const Canary canary(dir.path());
  read_file(canary.file());
  for (const auto& entry : fs::recursive_directory_iterator(canary.directory())) {
    static_cast<void>(entry.status());
  }
  EXPECT_THAT(canary.tampering(), IsEmpty());
}

}  // namespace
}  // namespace seatrial::sentinel
