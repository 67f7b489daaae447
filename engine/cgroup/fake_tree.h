// A tree of cgroup v2 made of plain files, so that conversions and refusals are tested without root
// and on any host. Plain files take what is written, and keep what was longer before.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/base/files.h"
#include "engine/cgroup/cgroup.h"

namespace seatrial::cgroup {

// TOP/pod/box, where TOP and pod have the controllers, and box has those that pod hands down.
class FakeTree {
 public:
  explicit FakeTree(const std::string& controllers) : top_("/tmp") {
    std::filesystem::create_directories(top_.path() / "pod/box");
    for (const char* each : {"", "pod/", "pod/box/"}) {
      file(std::string(each) + "cgroup.controllers", controllers + "\n");
      file(std::string(each) + "cgroup.subtree_control");
    }
    file("cgroup.subtree_control", controllers + "\n");
    file("pod/cgroup.subtree_control", controllers + "\n");
  }

  // A file at this path below the top.
  void file(const std::string& path, const std::string& content = "") const {
    std::ofstream(top_.path() / path) << content;
  }
  // A control file of the container's.
  void control(const std::string& name, const std::string& content = "") const {
    file("pod/box/" + name, content);
  }
  std::string read(const std::string& path) const { return read_file(top_.path() / path); }
  std::string written(const std::string& name) const { return read("pod/box/" + name); }

  Membership member() const {
    return {.directory = (top_.path() / "pod/box").native(), .cgroup = "/pod/box", .v2 = true};
  }
  Cgroup cgroup() const { return Cgroup::open({.members = {member()}}); }
  Layout layout() const {
    return Layout::parse("30 1 0:26 / " + top_.path().native() + " rw - cgroup2 cgroup2 rw\n",
                         "0::/\n");
  }
  std::string path(const std::string& below = "") const { return top_.path().native() + below; }

 private:
  TempDir top_;
};

}  // namespace seatrial::cgroup
