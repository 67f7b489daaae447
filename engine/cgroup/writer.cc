#include "engine/cgroup/writer.h"

#include <cerrno>

#include "engine/cgroup/controllers.h"

namespace seatrial::cgroup {

namespace {

std::string_view controller_of(const Setting& setting) {
  return std::string_view(setting.file).substr(0, setting.file.find('.'));
}

}  // namespace

bool Writer::in_unified(std::string_view v1_controller) const {
  return identity_.unified() != nullptr && identity_.find(v1_controller) == nullptr;
}

bool Writer::set_if_present(const Setting& setting) {
  const int failure = try_set(setting);
  if (failure == ENOENT) return false;
  if (failure != 0) refuse(setting, failure);
  return true;
}

void Writer::refuse(const Setting& setting, int failure) {
  if (failure == ENOENT || failure == EOPNOTSUPP) {
    throw Error(Kind::kUnsupported, failure,
                fmt::format("linux.resources.{}: {}: this kernel offers no {}", setting.key,
                            setting.value, setting.file));
  }
  throw sys_error(failure, "linux.resources.{}: {}: write {}", setting.key, setting.value,
                  setting.file);
}

const Directory& Writer::directory(const Setting& setting) {
  const std::string_view controller = controller_of(setting);
  const auto known = open_.find(controller);
  if (known != open_.end()) return known->second;
  if (const Membership* const member = identity_.find(controller)) {
    return open_.emplace(controller, Directory(member->directory)).first->second;
  }
  if (const Directory* const directory = in_v2(setting, controller)) return *directory;
  if (identity_.members.empty()) {
    throw error(Kind::kUnsupported,
                "linux.resources.{}: {}: the container has no cgroup of its own", setting.key,
                setting.value);
  }
  throw error(Kind::kUnsupported,
              "linux.resources.{}: {}: the cgroup controller {} is not mounted on this host",
              setting.key, setting.value, controller);
}

const Directory& Writer::unified_directory(const Setting& setting) {
  const std::string_view controller = controller_of(setting);
  if (const Directory* const directory = in_v2(setting, controller)) return *directory;
  if (!unified_) {
    throw error(Kind::kUnsupported, "linux.resources.{}: cgroup v2 is not mounted on this host",
                setting.key);
  }
  throw error(Kind::kUnsupported,
              "linux.resources.{}: the cgroup controller {} is not in the tree of cgroup v2",
              setting.key, controller);
}

std::vector<std::string> Writer::made_above(std::string_view v1_controller) const {
  std::vector<std::string> paths;
  const Membership* const member = identity_.find(v1_controller);
  if (member == nullptr) return paths;
  for (const MadeDirectory& made : member->made) {
    if (made.path != member->directory) paths.push_back(made.path);
  }
  return paths;
}

const Directory* Writer::in_v2(const Setting& setting, std::string_view controller) {
  const Membership* const member = identity_.unified();
  if (member == nullptr) return nullptr;
  if (!unified_) {
    unified_.emplace(member->directory);
    for (std::string& each : controllers_of(*unified_)) enabled_.insert(std::move(each));
    enabled_.insert("cgroup");  // files that each directory has
  }
  if (enabled_.contains(controller)) return &*unified_;
  const bool enabled = with_context(fmt::format("linux.resources.{}", setting.key),
                                    [&] { return enable_controller(*member, controller); });
  if (!enabled) return nullptr;
  enabled_.emplace(controller);
  return &*unified_;
}

}  // namespace seatrial::cgroup
