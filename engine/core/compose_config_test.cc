#include "engine/core/compose_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sys/resource.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/spec/parse_config.h"
#include "engine/spec/print_config.h"

namespace seatrial::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kId(64, 'a');

ComposeFacts facts() {
  return {.id = kId,
          .rootfs = "/merged",
          .directory = "/dir",
          .cgroup_parent = "/seatrial",
          .user = {.user = {.uid = 5, .gid = 6}, .home = "/home/x"}};
}

ContainerRequest simple() {
  return {.image = "i", .cmd = {"true"}};
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& failure) {
    return failure.what();
  }
  return "(it was taken)";
}

const spec::Mount* find(const spec::Config& config, std::string_view destination) {
  const auto found =
      std::find_if(config.mounts.begin(), config.mounts.end(),
                   [&](const spec::Mount& each) { return each.destination == destination; });
  return found == config.mounts.end() ? nullptr : &*found;
}

bool has_namespace(const spec::Config& config, spec::NamespaceType type) {
  return config.find_namespace(type) != nullptr;
}

TEST(MergeImage, ProgramFollowsDockersRules) {
  const spec::RunConfig image{.entrypoint = {"/e"}, .cmd = {"c"}};
  const auto program = [&](std::optional<std::vector<std::string>> entrypoint,
                           std::vector<std::string> cmd) {
    return program_of(
        merge_image({.entrypoint = std::move(entrypoint), .cmd = std::move(cmd)}, image));
  };
  EXPECT_THAT(program({}, {}), ElementsAre("/e", "c"));
  EXPECT_THAT(program({}, {"d"}), ElementsAre("/e", "d"));
  EXPECT_THAT(program({{"x"}}, {}), ElementsAre("x"));
  EXPECT_THAT(program({{"x"}}, {"d"}), ElementsAre("x", "d"));
  EXPECT_THAT(program(std::vector<std::string>{}, {"d"}), ElementsAre("d"));
  EXPECT_THAT(refusal([] { merge_image({.image = "i"}, {}); }), HasSubstr("No command specified"));
}

TEST(MergeImage, RequestWinsOverImage) {
  const spec::RunConfig image{.user = "web",
                              .env = {"A=image", "B=image", "C=image"},
                              .cmd = {"c"},
                              .working_dir = "/image",
                              .volumes = {"/data", "/covered"},
                              .exposed_ports = {"80/tcp", "53/udp"},
                              .labels = {{"a", "image"}, {"b", "image"}},
                              .stop_signal = "SIGINT"};
  ContainerRequest request{.env = {"B=mine", "C", "D"},
                           .user = "me",
                           .labels = {{"a", "mine"}},
                           .exposed_ports = {"80/tcp"}};
  request.mounts = {volume::parse_volume_option("/host:/covered")};
  const ContainerRequest merged = merge_image(request, image);
  EXPECT_THAT(merged.env, ElementsAre("A=image", "B=mine"));
  EXPECT_EQ(merged.user, "me");
  EXPECT_EQ(merged.working_dir, "/image");
  EXPECT_EQ(merged.stop_signal, "SIGINT");
  EXPECT_EQ(merged.labels, (Labels{{"a", "mine"}, {"b", "image"}}));
  EXPECT_THAT(merged.exposed_ports, ElementsAre("80/tcp", "53/udp"));
  ASSERT_EQ(merged.mounts.size(), 2U);
  EXPECT_EQ(merged.mounts[1].target, "/data");
}

TEST(Compose, DefaultsAreDockers) {
  const spec::Config config = compose_config(simple(), facts());
  EXPECT_EQ(config.hostname, std::string(12, 'a'));
  EXPECT_EQ(config.linux_.cgroups_path, "/seatrial/" + kId);
  EXPECT_EQ(config.process->cwd, "/");
  EXPECT_EQ(config.process->user.uid, 5U);
  EXPECT_THAT(config.process->env, ElementsAre(HasSubstr("PATH=/usr/local/sbin:"),
                                               "HOSTNAME=aaaaaaaaaaaa", "HOME=/home/x"));
  for (const char* path : {"/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue",
                           "/dev/shm", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}) {
    EXPECT_NE(find(config, path), nullptr) << path;
  }
  EXPECT_THAT(find(config, "/dev/shm")->options.data, Contains("size=67108864"));
  EXPECT_TRUE(has_namespace(config, spec::NamespaceType::kNetwork));
  EXPECT_FALSE(has_namespace(config, spec::NamespaceType::kCgroup));
  EXPECT_FALSE(has_namespace(config, spec::NamespaceType::kUser));
}

TEST(Compose, WhatIsComposedIsAConfigurationThatParses) {
  ContainerRequest request = simple();
  request.tty = true;
  request.console_height = 24;
  request.console_width = 80;
  request.mounts = {volume::parse_tmpfs_option("/run:size=1m")};
  request.resources = {.memory = 64 << 20, .nano_cpus = 1'500'000'000, .pids_limit = 100};
  request.ulimits = {{.name = "nofile", .soft = 10, .hard = -1}};
  const spec::Config config = compose_config(request, facts());
  const std::string text = spec::print_config(config);
  EXPECT_EQ(spec::print_config(spec::parse_config(text, {.bundle = "/b"})), text);
  EXPECT_THAT(config.process->env, Contains("TERM=xterm"));
  EXPECT_EQ(config.process->rlimits.at(0).hard, RLIM_INFINITY);
}

TEST(Compose, AContainerHasTheDefaultNumberOfProcessesUnlessItSays) {
  ComposeFacts with = facts();
  with.pids_limit = 500;
  ContainerRequest request = simple();
  EXPECT_EQ(compose_config(request, with).linux_.resources.pids_limit, 500);
  request.resources.pids_limit = -1;  // unlimited, in docker's words
  EXPECT_EQ(compose_config(request, with).linux_.resources.pids_limit, -1);
  request.resources.pids_limit = 9;
  EXPECT_EQ(compose_config(request, with).linux_.resources.pids_limit, 9);
}

TEST(Compose, MountsOfTheUserComeLastByDepthAndReplaceDefaults) {
  ContainerRequest request = simple();
  request.mounts = {volume::parse_mount_option("type=bind,src=/s,dst=/a/b/c,bind-nonrecursive"),
                    volume::parse_tmpfs_option("/dev/shm:exec,size=1k"),
                    volume::parse_volume_option("vol:/a:ro")};
  ComposeFacts with = facts();
  with.mounts = {{.source = "/s", .destination = "/a/b/c", .propagation = "rslave"},
                 {.type = volume::MountType::kVolume,
                  .source = "/v/_data",
                  .destination = "/a",
                  .read_write = false}};
  const spec::Config config = compose_config(request, with);
  const auto count = std::count_if(config.mounts.begin(), config.mounts.end(),
                                   [](const auto& each) { return each.destination == "/dev/shm"; });
  EXPECT_EQ(count, 1);
  EXPECT_THAT(find(config, "/dev/shm")->options.data, Contains("size=1k"));
  EXPECT_LT(find(config, "/a"), find(config, "/a/b/c"));
  EXPECT_THAT(find(config, "/a")->raw_options, ElementsAre("rbind", "rprivate", "ro"));
  EXPECT_TRUE((find(config, "/a")->options.attributes_set & MOUNT_ATTR_RDONLY) != 0);
  EXPECT_THAT(find(config, "/a/b/c")->raw_options, ElementsAre("bind", "rslave"));
}

TEST(Compose, ModesShareTheHostsOrAnothersNamespaces) {
  ContainerRequest request = simple();
  request.network_mode = request.pid_mode = request.ipc_mode = request.uts_mode = "host";
  request.cgroupns_mode = "private";
  spec::Config config = compose_config(request, facts());
  using enum spec::NamespaceType;
  for (const auto type : {kNetwork, kPid, kIpc, kUts}) EXPECT_FALSE(has_namespace(config, type));
  EXPECT_TRUE(has_namespace(config, kCgroup));
  EXPECT_EQ(config.hostname, "");
  request = simple();
  request.ipc_mode = "container:x";
  ComposeFacts with = facts();
  with.ipc_namespace = "/proc/5/ns/ipc";
  with.shm_source = "/proc/5/root/dev/shm";
  config = compose_config(request, with);
  EXPECT_EQ(config.find_namespace(kIpc)->path, "/proc/5/ns/ipc");
  EXPECT_EQ(find(config, "/dev/shm")->source, with.shm_source);
  request.ipc_mode = "none";
  EXPECT_EQ(find(compose_config(request, facts()), "/dev/shm"), nullptr);
}

TEST(Compose, LimitsInTheKernelsTerms) {
  const spec::Resources limits = resources_of(
      {.memory = 100, .memory_reservation = 50, .nano_cpus = 250'000'000, .pids_limit = -1});
  EXPECT_EQ(limits.memory->limit, 100);
  EXPECT_EQ(limits.memory->swap, 200);
  EXPECT_EQ(limits.memory->reservation, 50);
  EXPECT_EQ(limits.cpu->quota, 25'000);
  EXPECT_EQ(limits.cpu->period, 100'000U);
  EXPECT_EQ(limits.pids_limit, -1);
  EXPECT_EQ(resources_of({.memory = 100, .memory_swap = -1}).memory->swap, -1);
  EXPECT_EQ(resources_of({}).memory->limit, std::nullopt);
  EXPECT_EQ(resources_of({}).pids_limit, std::nullopt);
}

TEST(Compose, UlimitsAreChecked) {
  ContainerRequest request = simple();
  request.ulimits = {{.name = "files", .soft = 1, .hard = 1}};
  EXPECT_THAT(refusal([&] { compose_config(request, facts()); }),
              HasSubstr("\"files\" is not a ulimit"));
  request.ulimits = {{.name = "nofile", .soft = 2, .hard = 1}};
  EXPECT_THAT(refusal([&] { compose_config(request, facts()); }), HasSubstr("over the hard limit"));
}

}  // namespace
}  // namespace seatrial::core
