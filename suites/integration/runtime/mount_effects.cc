#include "suites/integration/runtime/mount_effects.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <set>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace fs = std::filesystem;

namespace {

#ifndef MS_NOSYMFOLLOW
constexpr unsigned long MS_NOSYMFOLLOW = 256;
#endif

// The owner of the set-user-id program: not the one who runs it.
constexpr uid_t kOwner = 100;

std::string moved_or_kept(const Answer& answer) {
  if (!answer.ok()) return answer.error();
  return answer.flag("changed") ? "moved" : "kept";
}

std::string ok_or_error(const Answer& answer) {
  return answer.ok() ? "ok" : answer.error();
}

std::string effective_user(const Answer& answer) {
  if (!answer.ok()) return answer.error();
  return answer.number("euid") == kOwner ? "owner" : "caller";
}

struct Attempt {
  const char* name;
  const char* command;
  const char* file;
  std::function<std::string(const Answer&)> outcome;
  const char* usual;
};

// Where only the machine's root could furnish what they are about. Options about just that need
// Feature::kMakeDevices or kOtherIds.
std::set<std::string>& left_out() {
  static std::set<std::string> names;
  return names;
}

std::vector<Attempt> attempts() {
  std::vector<Attempt> all = {
      {"write", "write", "/file", ok_or_error, "ok"},
      {"execute", "execute", "/program", ok_or_error, "ok"},
      {"set-user-id", "setuid", "/suid", effective_user, "owner"},
      {"open device", "open_read", "/null", ok_or_error, "ok"},
      {"follow link", "open_read", "/link", ok_or_error, "ok"},
      {"old access time", "atime_old", "/file", moved_or_kept, "moved"},
      {"old access time of a directory", "atime_old", "/directory", moved_or_kept, "moved"},
      {"recent access time", "atime_recent", "/file", moved_or_kept, "kept"},
  };
  std::erase_if(all, [](const Attempt& each) { return left_out().contains(each.name); });
  return all;
}

}  // namespace

const Effect kNoEffect{};
const Effect kReadonly{MS_RDONLY,
                       "ro",
                       {{"write", "EROFS"},
                        {"old access time", "EROFS"},  // setting it is a write, too
                        {"old access time of a directory", "EROFS"},
                        {"recent access time", "EROFS"}}};
const Effect kNoexec{MS_NOEXEC, "noexec", {{"execute", "EACCES"}, {"set-user-id", "EACCES"}}};
const Effect kNosuid{MS_NOSUID, "nosuid", {{"set-user-id", "caller"}}};
const Effect kNodev{MS_NODEV, "nodev", {{"open device", "EACCES"}}};
const Effect kNosymfollow{MS_NOSYMFOLLOW, "nosymfollow", {{"follow link", "ELOOP"}}};
const Effect kNoatime{MS_NOATIME,
                      "noatime",
                      {{"old access time", "kept"}, {"old access time of a directory", "kept"}},
                      false};
const Effect kNodiratime{MS_NODIRATIME, "nodiratime", {{"old access time of a directory", "kept"}}};
const Effect kStrictatime{MS_STRICTATIME, "", {{"recent access time", "moved"}}, false};

Behaviour behaviour_with(const Effect& effect) {
  Behaviour behaviour = effect.changes;
  for (const std::string& name : left_out()) behaviour.erase(name);
  for (const Attempt& attempt : attempts()) behaviour.emplace(attempt.name, attempt.usual);
  return behaviour;
}

void furnish(const fs::path& directory, const fs::path& probe) {
  using seatrial::sys_error;
  seatrial::write_file_atomically(directory / "file", "content");
  fs::create_directory(directory / "directory");
  fs::create_symlink("file", directory / "link");
  fs::copy_file(probe, directory / "program");
  fs::copy_file(probe, directory / "suid");
  const std::string suid = directory / "suid";
  if (::chown(suid.c_str(), kOwner, 0) != 0 || ::chmod(suid.c_str(), 04755) != 0) {
    if (errno != EPERM) throw sys_error(errno, "make {} a set-user-id program", suid);
    left_out().insert("set-user-id");
  }
  const std::string null = directory / "null";
  if (::mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) {
    if (errno != EPERM) throw sys_error(errno, "create the device {}", null);
    left_out().insert("open device");
  }
}

void try_everything(Bundle& bundle, const std::string& directory) {
  for (const Attempt& attempt : attempts()) {
    bundle.probe({attempt.command, directory + attempt.file});
  }
}

Behaviour behaviour_of(const Report& report, const std::string& directory) {
  Behaviour behaviour;
  for (const Attempt& attempt : attempts()) {
    behaviour[attempt.name] =
        attempt.outcome(report.answer(attempt.command, directory + attempt.file));
  }
  return behaviour;
}

void expect_shown(const Mount& mount, const Effect& effect) {
  for (const Effect* each :
       {&kReadonly, &kNoexec, &kNosuid, &kNodev, &kNosymfollow, &kNoatime, &kNodiratime}) {
    EXPECT_EQ(mount.has(each->shown), each->shown == effect.shown)
        << each->shown << " of " << ::testing::PrintToString(mount);
  }
  EXPECT_EQ(mount.has("relatime"), effect.relatime) << ::testing::PrintToString(mount);
}

void expect_effect(const Report& report, const std::string& directory, const Effect& effect) {
  SCOPED_TRACE(directory);
  EXPECT_EQ(behaviour_of(report, directory), behaviour_with(effect));
  expect_shown(report.mount(directory), effect);
}
