// Ways out by the kernel's own interfaces: handles of files, control groups, keys.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "engine/base/error.h"
#include "harness/core/lack.h"
#include "harness/fixtures/mode_limits.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

struct Handle {
  int type = 0;
  std::string hex;
};

Handle handle_of(const std::filesystem::path& path) {
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* handle = reinterpret_cast<file_handle*>(room);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(AT_FDCWD, path.c_str(), handle, &mount, 0) != 0) {
    throw seatrial::sys_error(errno, "ask for the handle of {}", path.native());
  }
  Handle made{.type = handle->handle_type, .hex = {}};
  const char* const bytes = room + sizeof(file_handle);
  for (unsigned i = 0; i < handle->handle_bytes; ++i) {
    made.hex += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return made;
}

// A key in a session keyring that this process makes for itself; it goes with the process.
class KeyOfTheHost {
 public:
  KeyOfTheHost(const std::string& name, const std::string& content) {
    constexpr long kJoin = 1, kSetPermissions = 5, kSession = -3, kPossessor = 0x3f000000;
    if (::syscall(SYS_keyctl, kJoin, nullptr) < 0) {
      throw seatrial::sys_error(errno, "make a session keyring");
    }
    serial_ =
        ::syscall(SYS_add_key, "user", name.c_str(), content.data(), content.size(), kSession);
    if (serial_ < 0 || ::syscall(SYS_keyctl, kSetPermissions, serial_, kPossessor) < 0) {
      throw seatrial::sys_error(errno, "add a key");
    }
  }
  std::string serial() const { return std::to_string(serial_); }

 private:
  long serial_ = -1;
};

Bundle with_cgroup_mount(const char* access) {
  return Bundle::minimal().mount({.destination = "/sys/fs/cgroup",
                                  .type = "cgroup",
                                  .source = "cgroup",
                                  .options = {"nosuid", "noexec", "nodev", access}});
}

}  // namespace

// The handle of a file of the host, on the file system that the container's root lies on.
TRIAL(FileHandle, OfTheHostOpensNothing, Clauses{"security/open-by-handle-at"}) {
  const Handle handle = handle_of(canary().file());
  const auto with = [&](const std::vector<std::string>& capabilities) {
    return Bundle::minimal()
        .capabilities(capabilities)
        .probe({"open_handle", "/probe", std::to_string(handle.type), handle.hex});
  };
  auto control = target().run(with({"CAP_DAC_READ_SEARCH"}));
  if (is_unprivileged(target().mode()) && !control.report().answer("open_handle").ok()) {
    throw Lack(std::string(lacking_one(target().mode())) + " opens no file by its handle");
  }
  EXPECT_THAT(control.report().answer("open_handle"), HasText("content", canary().secret() + "\n"));
  // The default of engines, without the one that has let programs out.
  auto box = target().run(with({"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_MKNOD",
                                "CAP_SETUID", "CAP_SETFCAP", "CAP_SYS_CHROOT"}));
  EXPECT_THAT(box.report(), Failed("open_handle", "/probe", "EPERM"));
}

// No hierarchy of control groups can be mounted to reach its release agent.
TRIAL(ReleaseAgent, IsNotReachedByAMount, Clauses{"security/cve-2022-0492"},
      Needs{Feature::kCgroupV1, Feature::kPidsCgroup}) {
  const auto trying = [](Bundle bundle) {
    return bundle.probe({"mount_open", "tmpfs", "-", "/data", "release_agent"})
        .probe({"mount_open", "cgroup", "pids", "/data", "release_agent"});
  };
  auto box = target().run(
      trying(Bundle::minimal().capabilities({"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_MKNOD"})));
  EXPECT_THAT(box.report(), Failed("mount_open", "cgroup", "EPERM"));
  EXPECT_THAT(box.report().answer("mount_open", "cgroup"), HasText("step", "mount"));
  // Control: with the capability a mount succeeds, and the file is looked for.
  auto control = target().run(Bundle::minimal()
                                  .capabilities({"CAP_SYS_ADMIN"})
                                  .probe({"mount_open", "tmpfs", "-", "/data", "release_agent"}));
  EXPECT_THAT(control.report().answer("mount_open"), HasText("step", "open"));
  EXPECT_THAT(control.report(), Failed("mount_open", "tmpfs", "ENOENT"));
}

// Nor in a user namespace within, where the mount may succeed.
TRIAL(ReleaseAgent, IsNotReachedFromANestedUserNamespace, Clauses{"security/cve-2022-0492"},
      Needs{Feature::kCgroupV1, Feature::kPidsCgroup, Feature::kUserNamespace}) {
  auto box =
      target().run(Bundle::minimal()
                       // Who maps root into its namespace needs the capability.
                       .capabilities({"CAP_SETFCAP"})
                       .probe({"nested_mount_open", "tmpfs", "-", "/data", "release_agent"})
                       .probe({"nested_mount_open", "cgroup", "pids", "/data", "release_agent"}));
  EXPECT_THAT(box.report().answer("nested_mount_open", "tmpfs"), HasText("step", "open"));
  EXPECT_THAT(box.report(), Failed("nested_mount_open", "tmpfs", "ENOENT"));  // control
  EXPECT_THAT(box.report(),
              Failed("nested_mount_open", "cgroup", AnyOf("EPERM", "EACCES", "ENOENT", "EBUSY")));
}

// The container's own view of its control groups has none either, writable or not.
TRIAL(ReleaseAgent, IsNotInTheContainersOwnHierarchies, Clauses{"security/cve-2022-0492"},
      Needs{Feature::kCgroupV1, Feature::kPidsCgroup}) {
  const std::string agent = "/sys/fs/cgroup/pids/release_agent";
  const std::string tasks = "/sys/fs/cgroup/pids/tasks";
  const auto looking = [&](const char* access) {
    return target().run(
        with_cgroup_mount(access).probe({"open_write", agent, tasks}).probe({"open_read", tasks}));
  };
  auto writable = looking("rw");
  EXPECT_THAT(writable.report(), Did("open_write", tasks));  // control
  EXPECT_THAT(writable.report(), Failed("open_write", agent, "ENOENT"));
  auto readonly = looking("ro");
  EXPECT_THAT(readonly.report(), Did("open_read", tasks));  // control
  EXPECT_THAT(readonly.report(), Failed("open_write", tasks, "EROFS"));
  EXPECT_THAT(readonly.report(), Failed("open_write", agent, AnyOf("EROFS", "ENOENT")));
}

// A key of the caller's session stays with the caller.
TRIAL(Keyring, OfTheCallerIsOutOfReach, Clauses{"security/keyring"}) {
  const KeyOfTheHost key(canary().name(), canary().secret());
  const Bundle bundle = Bundle::minimal()
                            .probe({"key_search", canary().name()})
                            .probe({"key_describe", key.serial()})
                            .probe({"key_read", key.serial()})
                            .probe({"keyring"});
  auto control = target().try_create_with(bundle, {.no_new_keyring = true});
  ASSERT_THAT(control, Succeeded());
  ASSERT_THAT(control.start(), Succeeded());
  EXPECT_THAT(control.report().answer("key_read"), HasText("content", canary().secret()));

  auto box = target().run(bundle);
  EXPECT_TRUE(box.report().answer("keyring").ok());  // control: it may ask
  EXPECT_THAT(box.report(), Failed("key_search", canary().name(), AnyOf("ENOKEY", "EACCES")));
  EXPECT_THAT(box.report(), Failed("key_describe", key.serial(), AnyOf("ENOKEY", "EACCES")));
  EXPECT_THAT(box.report(), Failed("key_read", key.serial(), AnyOf("ENOKEY", "EACCES")));
}

// Both are started by one session, whose keyring they would share.
TRIAL(Keyring, OfASiblingIsOutOfReach, Clauses{"security/keyring"}) {
  const KeyOfTheHost session(canary().name(), canary().secret());
  auto sibling = target().run(Bundle::minimal()
                                  .probe({"key_add", "cargo", canary().secret()})
                                  .probe({"key_search", "cargo"})
                                  .probe({"hold"}));
  EXPECT_THAT(sibling.report(), Did("key_search", "cargo"));  // control
  const std::string serial = std::to_string(sibling.report().answer("key_add").number("serial"));
  auto box = target().run(Bundle::minimal()
                              .probe({"key_search", "cargo"})
                              .probe({"key_describe", serial})
                              .probe({"key_read", serial})
                              .probe({"keyring"}));
  EXPECT_TRUE(box.report().answer("keyring").ok());
  EXPECT_THAT(box.report(), Failed("key_search", "cargo", AnyOf("ENOKEY", "EACCES")));
  EXPECT_THAT(box.report(), Failed("key_describe", serial, AnyOf("ENOKEY", "EACCES")));
  EXPECT_THAT(box.report(), Failed("key_read", serial, AnyOf("ENOKEY", "EACCES")));
}

}  // namespace regressions
