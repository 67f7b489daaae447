// For the tests that run containers of the host's own programs: what of a bundle a test chooses,
// and a look at what is left at the end.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "engine/cgroup/cgroup.h"
#include "engine/runtime/container_fixture.h"
#include "engine/runtime/host_programs.h"
#include "engine/runtime/state_root.h"

namespace seatrial::runtime {

// The part of config.json that a test chooses.
struct ChosenBundle {
  std::string version = "1.3.0";
  std::string command = "true";
  std::string mounts = {};  // each ending with a comma
  std::string hooks = "{}";
  std::string terminal = "false";
  std::string resources = "{}";
  std::string no_new_privileges = "true";
  int user = 0;
  std::string seccomp = "null";
  std::string more_namespaces = {};  // each after a comma
};

inline std::string config_text(const ChosenBundle& bundle) {
  return fmt::format(R"({{
    "ociVersion": "{}", "hostname": "trial", "root": {{"path": "rootfs"}},
    "process": {{"args": ["/usr/bin/sh", "-c", "{}"], "cwd": "/", "terminal": {},
      "env": ["PATH=/usr/bin"], "oomScoreAdj": 321, "noNewPrivileges": {},
      "user": {{"uid": {}, "gid": {}}},
      "rlimits": [{{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}}],
      "capabilities": {{"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
                        "effective": ["CAP_KILL"]}}}},
    "mounts": [
      {{"destination": "/proc", "type": "proc", "source": "proc"}},
      {{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}},
      {{"destination": "/dev/pts", "type": "devpts", "source": "devpts",
        "options": ["newinstance", "ptmxmode=0666"]}},
      {}
      {}],
    "hooks": {},
    "linux": {{"namespaces": [{{"type": "pid"}}, {{"type": "mount"}}, {{"type": "ipc"}},
                              {{"type": "uts"}}, {{"type": "network"}}{}],
               "resources": {}, "seccomp": {}}}
  }})",
                     bundle.version, bundle.command, bundle.terminal, bundle.no_new_privileges,
                     bundle.user, bundle.user, bundle.mounts, kHostPrograms, bundle.hooks,
                     bundle.more_namespaces, bundle.resources, bundle.seccomp);
}

inline std::string hook(const std::string& kind, const std::string& command) {
  return fmt::format(R"({{"{}": [{{"path": "/usr/bin/sh", "args": ["sh", "-c", "{}"]}}]}})", kind,
                     command);
}

class RuntimeTest : public ContainerTest {
 protected:
  void TearDown() override {
    if (!runtime_) return;
    for (const std::string& id : StateRoot(runtime_->root()).ids()) {
      ADD_FAILURE() << "left behind: " << id;
      runtime_->remove(id, true);
    }
    const cgroup::Layout layout = cgroup::Layout::detect();
    for (const cgroup::Hierarchy& each : layout.hierarchies()) {
      EXPECT_FALSE(std::filesystem::exists(each.mountpoint + cgroup::resolve_path(each, "", id_)))
          << each.name;
    }
  }

  CreateRequest request(const ChosenBundle& bundle) {
    write_file_atomically(dir_.path() / "config.json", config_text(bundle));
    return {.id = id_, .bundle = dir_.path(), .stdio = {-1, 1, 2}};
  }

  std::string read(const char* name) { return read_file(dir_.path() / name); }
};

}  // namespace seatrial::runtime
