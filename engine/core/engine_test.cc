// Containers through the engine, end to end.
#include "engine/core/engine.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/core/testing/engine_fixture.h"

namespace seatrial::core {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EngineTest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;
namespace fs = std::filesystem;

TEST_F(EngineTest, RunsToItsEndAndKeepsWhatItSaid) {
  std::string id;
  EXPECT_EQ(run_to_end(box({"echo", "out", "err", "bad", "exit", "3"}), &id), 3);
  EXPECT_EQ(log_of(id), "out\n");
  EXPECT_EQ(log_of(id, "stderr"), "bad\n");
  const ContainerInfo info = engine_->inspect(id.substr(0, 8));
  EXPECT_EQ(info.state.status, ContainerStatus::kExited);
  EXPECT_EQ(info.state.exit_code, 3);
  EXPECT_EQ(info.image_id, image_);
  EXPECT_LE(info.state.started_at, info.state.finished_at);
  const Json json = Json::parse(engine_->inspect_json(info.name));
  EXPECT_EQ(json.at("Id"), id);
  EXPECT_EQ(json.at("Path"), "/box");
  EXPECT_EQ(json.at("State").at("Status"), "exited");
  EXPECT_EQ(json.at("Config").at("Image"), "box");
  EXPECT_EQ(json.at("HostConfig").at("NetworkMode"), "none");
}

TEST_F(EngineTest, StartsAgainWithWhatItHadWritten) {
  const std::string id = engine_->create(box({"cat", "/etc/hostname", "write", "/tmp/x", "y"}));
  EXPECT_EQ(engine_->inspect(id).state.status, ContainerStatus::kCreated);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(engine_->start(id));
    EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 0);
  }
  EXPECT_EQ(log_of(id), id.substr(0, 12) + "\n" + id.substr(0, 12) + "\n");
  const std::vector<Change> changes = engine_->diff(id);
  EXPECT_THAT(changes, Contains(::testing::Field(&Change::path, "/tmp/x")));
}

TEST_F(EngineTest, AttachedFromTheStartMissesNothing) {
  ContainerRequest request = box({"echo", "first", "stdin"});
  request.open_stdin = request.stdin_once = true;
  const std::string id = engine_->create(request);
  const UniqueFd stream = engine_->start_attached(id);
  write_all(stream.get(), "typed\n", "stdin");
  ::shutdown(stream.get(), SHUT_WR);
  const std::string frames = read_all(stream.get(), "stdout");
  EXPECT_THAT(frames, HasSubstr("first\n"));
  EXPECT_THAT(frames, HasSubstr("typed\n"));
  EXPECT_EQ(engine_->wait(id, WaitCondition::kNotRunning, 20s), 0);
}

TEST_F(EngineTest, StopsWithTheSignalThenWithForce) {
  const std::string polite = engine_->run(box({"term", "echo", "up", "sleep"}));
  await_output(polite, "up");
  EXPECT_TRUE(engine_->stop(polite, 20s));
  EXPECT_EQ(engine_->inspect(polite).state.exit_code, 7);
  EXPECT_FALSE(engine_->stop(polite));
  // The first process of a pid namespace does not die of a signal that it does not handle.
  const std::string deaf = engine_->run(box({"sleep"}));
  EXPECT_TRUE(engine_->stop(deaf, 0s));
  EXPECT_EQ(engine_->inspect(deaf).state.exit_code, 137);
  failure(Kind::kConflict, [&] { engine_->kill(deaf); });
}

TEST_F(EngineTest, ExecRunsInTheContainerAsWhomOneAsks) {
  const std::string id = engine_->run(box({"write", "/tmp/x", "inside", "sleep"}));
  const ExecResult result =
      engine_->exec(id, {.cmd = {"/box", "id", "cat", "/tmp/x", "exit", "4"}});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.stdout_bytes, "0:0\ninside");
  const ExecResult web =
      engine_->exec(id, {.cmd = {"/box", "id", "env", "err", "x"}, .env = {"A=1"}, .user = "web"});
  EXPECT_THAT(web.stdout_bytes, HasSubstr("33:34\n"));
  EXPECT_THAT(web.stdout_bytes, HasSubstr("A=1\n"));
  EXPECT_THAT(web.stdout_bytes, HasSubstr("HOME=/srv\n"));
  EXPECT_THAT(web.stdout_bytes, HasSubstr("FROM=image\n"));
  EXPECT_EQ(web.stderr_bytes, "x\n");
  engine_->stop(id, 0s);
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->exec(id, {.cmd = {"/box"}}); }),
              HasSubstr("is not running"));
}

TEST_F(EngineTest, VolumesBeginWithTheImagesContentAndOutliveContainers) {
  ContainerRequest request = box({"cat", "/data/from-image", "write", "/data/new", "kept"});
  request.mounts = {volume::parse_volume_option("vol:/data"),
                    volume::parse_volume_option("/anonymous")};
  std::string id;
  EXPECT_EQ(run_to_end(request, &id), 0) << log_of(id, "stderr");
  EXPECT_EQ(log_of(id), "of the image");
  EXPECT_EQ(engine_->inspect_volume("vol").ref_count, 1);
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->remove_volume("vol"); }),
              HasSubstr("in use by " + id));
  engine_->remove(id, false, true);
  ASSERT_EQ(engine_->volumes().size(), 1U);  // the anonymous one went along
  request.cmd = {"cat", "/data/new"};
  request.mounts = {volume::parse_volume_option("vol:/data:ro")};
  EXPECT_EQ(run_to_end(request, &id), 0);
  EXPECT_EQ(log_of(id), "kept");
  request.cmd = {"write", "/data/new", "no"};
  EXPECT_EQ(run_to_end(request, &id), 99);
  EXPECT_THAT(log_of(id, "stderr"), HasSubstr("Read-only file system"));
}

TEST_F(EngineTest, NetworksGiveAddressesAndNames) {
  engine_->create_network({.name = "deck", .subnet = "10.77.0.0/24"});
  ContainerRequest request = box({"sleep"});
  request.name = "anchor";
  request.network_mode = "deck";
  request.networks = {{.network = "deck", .aliases = {"iron"}, .ip = "10.77.0.9"}};
  request.ports = {{.container_port = 80, .host_port = 8080}};
  const std::string anchor = engine_->run(request);
  const ContainerInfo info = engine_->inspect(anchor);
  ASSERT_EQ(info.networks.size(), 1U);
  EXPECT_EQ(info.networks[0].ip_address, "10.77.0.9");
  EXPECT_EQ(info.networks[0].gateway, "10.77.0.1");
  ASSERT_EQ(info.ports.size(), 1U);
  EXPECT_EQ(info.ports[0].host_port, 8080);
  EXPECT_EQ(engine_->inspect_network("deck").containers.count(anchor), 1U);
  failure(Kind::kConflict, [&] { engine_->remove_network("deck"); });

  ContainerRequest other = box({"cat", "/etc/hosts"});
  other.network_mode = "deck";
  std::string id;
  EXPECT_EQ(run_to_end(other, &id), 0);
  EXPECT_THAT(log_of(id), HasSubstr("10.77.0.9\tanchor"));
  EXPECT_THAT(log_of(id), HasSubstr("iron"));

  request.name = "second";
  request.networks[0].ip.clear();
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->run(request); }), HasSubstr("8080"));
  EXPECT_EQ(engine_->inspect("second").state.status, ContainerStatus::kCreated);
  engine_->stop(anchor, 0s);
  EXPECT_EQ(engine_->inspect(anchor).networks[0].ip_address, "");
  EXPECT_TRUE(engine_->start("second"));
}

TEST_F(EngineTest, AnAddressRangeBoundsWhatANetworkGives) {
  engine_->create_network({.name = "deck", .subnet = "10.77.0.0/24", .ip_range = "10.77.0.64/28"});
  EXPECT_EQ(engine_->inspect_network("deck").ip_range, "10.77.0.64/28");
  ContainerRequest request = box({"sleep"});
  request.network_mode = "deck";
  EXPECT_EQ(engine_->inspect(engine_->run(request)).networks.at(0).ip_address, "10.77.0.64");
  failure(Kind::kInvalidArgument, [&] {
    engine_->create_network({.name = "hold", .subnet = "10.78.0.0/24", .ip_range = "10.79.0.0/28"});
  });
  failure(Kind::kInvalidArgument,
          [&] { engine_->create_network({.name = "hold", .ip_range = "10.79.0.0/28"}); });
}

TEST_F(EngineTest, ReleasedNetworksComeBackWithTheNextContainer) {
  const auto has_bridge = [] {
    return read_file("/proc/net/dev").find("st-") != std::string::npos;
  };
  ContainerRequest request = box({"sleep"});
  request.network_mode = "default";
  const std::string id = engine_->run(request);
  engine_->release_networks();
  EXPECT_TRUE(has_bridge());  // somebody is in it
  engine_->remove(id, true);
  engine_->release_networks();
  EXPECT_FALSE(has_bridge());
  EXPECT_NE(engine_->inspect(engine_->run(request)).networks.at(0).ip_address, "");
  EXPECT_TRUE(has_bridge());
}

TEST_F(EngineTest, NamesAreUniqueAndCanChange) {
  ContainerRequest request = box({"sleep"});
  request.name = "one";
  const std::string id = engine_->create(request);
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->create(request); }),
              HasSubstr("The container name \"/one\" is already in use"));
  engine_->rename("one", "two");
  EXPECT_EQ(engine_->inspect("two").id, id);
  failure(Kind::kNotFound, [&] { engine_->inspect("one"); });
  engine_->create(request);
  EXPECT_EQ(engine_->list({.all = true, .filters = {{"name", {"^two$"}}}}).size(), 1U);
  EXPECT_EQ(engine_->list({.all = true}).size(), 2U);
  EXPECT_THAT(engine_->list(), IsEmpty());
  failure(Kind::kInvalidArgument, [&] { engine_->list({.filters = {{"colour", {"x"}}}}); });
  EXPECT_THAT(failure(Kind::kInvalidArgument,
                      [&] { engine_->list({.filters = {{"status", {"sleeping"}}}}); }),
              HasSubstr("invalid filter 'status=sleeping'"));
  failure(Kind::kInvalidArgument, [&] { engine_->list({.filters = {{"exited", {"x"}}}}); });
}

TEST_F(EngineTest, RefusesAtCreateWhatCouldNotStart) {
  const auto refused = [&](const auto& change) {
    ContainerRequest request = box({"sleep"});
    change(request);
    return failure(Kind::kInvalidArgument, [&] { engine_->create(request); });
  };
  EXPECT_THAT(refused([](ContainerRequest& request) { request.cap_add = {"FOO"}; }),
              HasSubstr("FOO"));
  EXPECT_THAT(refused([](ContainerRequest& request) { request.cap_drop = {"FOO"}; }),
              HasSubstr("FOO"));
  EXPECT_THAT(refused([](ContainerRequest& request) {
                request.ulimits = {{.name = "foo", .soft = 1, .hard = 1}};
              }),
              HasSubstr("\"foo\" is not a ulimit"));
  EXPECT_THAT(refused([](ContainerRequest& request) { request.log_opts = {{"labels", "a"}}; }),
              HasSubstr("unknown log opt 'labels' for json-file log driver"));
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"max-size", "x"}, {"max-file", "0"}}) {
    EXPECT_THAT(refused([&](ContainerRequest& request) { request.log_opts = {{key, value}}; }),
                HasSubstr("invalid value for " + key));
  }
  ContainerRequest elsewhere = box({"sleep"});
  elsewhere.platform = "linux/riscv64";
  EXPECT_THAT(failure(Kind::kNotFound, [&] { engine_->create(elsewhere); }),
              HasSubstr("does not match the specified platform: wanted linux/riscv64"));
  elsewhere.platform = "linux/amd64";
  const std::string id = engine_->create(elsewhere);
  EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { engine_->update(id, {.memory = 1 << 20}); }),
              HasSubstr("Minimum memory limit allowed is 6MB"));
  engine_->update(id, {.memory = 32 << 20});
  EXPECT_EQ(engine_->inspect(id).config.resources.memory, 32 << 20);
}

TEST_F(EngineTest, PrunesWhatItsFiltersName) {
  ContainerRequest request = box({"sleep"});
  request.labels = {{"fleet", "blue"}};
  const std::string blue = engine_->create(request);
  request.labels = {{"fleet", "red"}};
  const std::string red = engine_->create(request);
  EXPECT_THAT(engine_->prune_containers({{"until", {"2020-01-01T00:00:00Z"}}}).deleted, IsEmpty());
  EXPECT_THAT(engine_->prune_containers({{"label!", {"fleet"}}}).deleted, IsEmpty());
  EXPECT_THAT(engine_->prune_containers({{"label", {"fleet=red"}}}).deleted, ElementsAre(red));
  failure(Kind::kInvalidArgument, [&] { engine_->prune_containers({{"name", {"x"}}}); });
  failure(Kind::kInvalidArgument, [&] { engine_->prune_containers({{"until", {"noon"}}}); });
  EXPECT_THAT(engine_->prune_containers({{"until", {"2200-01-01T00:00:00Z"}}}).deleted,
              ElementsAre(blue));
}

TEST_F(EngineTest, WhatGoesWithItsEndLeavesItsExitCode) {
  ContainerRequest request = box({"exit", "5"});
  request.auto_remove = true;
  request.mounts = {volume::parse_volume_option("/anonymous")};
  const std::string id = engine_->run(request);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kRemoved, 20s), 5);
  EXPECT_EQ(engine_->wait(id, WaitCondition::kRemoved, 0s), 5);  // remembered
  failure(Kind::kNotFound,
          [&] { engine_->wait(std::string(64, '0'), WaitCondition::kRemoved, 0s); });
  failure(Kind::kNotFound, [&] { engine_->inspect(id); });
  EXPECT_THAT(engine_->volumes(), IsEmpty());
  EXPECT_THAT(leftovers_at_rest(), IsEmpty());
}

TEST_F(EngineTest, AFailedStartLeavesACreatedContainerAndNothingElse) {
  ContainerRequest request = box({});
  request.entrypoint = std::vector<std::string>{"/nowhere"};
  request.name = "lost";
  EXPECT_THAT(failure(Kind::kNotFound, [&] { engine_->run(request); }), HasSubstr("/nowhere"));
  const ContainerInfo info = engine_->inspect("lost");
  EXPECT_EQ(info.state.status, ContainerStatus::kCreated);
  EXPECT_THAT(info.state.error, HasSubstr("/nowhere"));
  EXPECT_EQ(info.state.exit_code, 127);
  engine_->remove("lost");
  EXPECT_THAT(leftovers_at_rest(), IsEmpty());
  request.auto_remove = true;
  failure(Kind::kNotFound, [&] { engine_->run(request); });
  EXPECT_THAT(engine_->list({.all = true}), IsEmpty());
  EXPECT_THAT(failure(Kind::kNotFound, [&] { engine_->create({.image = "nobody"}); }),
              HasSubstr("No such image: nobody"));
}

// What cannot be had is said, not passed over.
// Read back from its record, the protocol would be refused then: by each listing of containers.
TEST_F(EngineTest, RefusesAPortThatItsRecordCannotHold) {
  ContainerRequest request = box({"true"});
  request.ports = {{.container_port = 80, .protocol = "sctp", .host_port = 8080}};
  failure(Kind::kInvalidArgument, [&] { engine_->create(request); });
  EXPECT_THAT(engine_->list({.all = true}), ::testing::IsEmpty());
}

TEST_F(EngineTest, RefusesModesAndServersThatItDoesNotKnow) {
  const auto refused = [&](auto change, const char* by) {
    ContainerRequest request = box({"true"});
    change(request);
    EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { engine_->create(request); }), HasSubstr(by));
  };
  refused([](ContainerRequest& request) { request.pid_mode = "hots"; }, "invalid PID mode: hots");
  refused([](ContainerRequest& request) { request.ipc_mode = "foo"; }, "invalid IPC mode: foo");
  refused([](ContainerRequest& request) { request.uts_mode = "container:x"; }, "invalid UTS mode");
  refused([](ContainerRequest& request) { request.cgroupns_mode = "foo"; }, "namespace mode: foo");
  refused([](ContainerRequest& request) { request.dns = {"10.0.0.1", "bad"}; }, "bad is not an ip");
  ContainerRequest request = box({"true"});  // control
  request.ipc_mode = "shareable";
  request.pid_mode = "host";
  request.dns = {"10.0.0.1", "2001:db8::1"};
  EXPECT_NE(engine_->create(request), "");
}

TEST_F(EngineTest, RefusesQuotasAndRatesThatCannotBe) {
  ContainerRequest quota = box({"exit", "0"});
  quota.storage_opt = {{"size", "10m"}};
  EXPECT_EQ(failure(Kind::kUnsupported, [&] { engine_->create(quota); }),
            "--storage-opt size=10m: what a container writes beside its volumes cannot be bounded "
            "on this host");
  ContainerRequest rate = box({"exit", "0"});
  rate.resources.device_write_bps = {{.path = "/dev/null", .rate = 1}};
  EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { engine_->run(rate); }),
              HasSubstr("/dev/null is no block device, whose rate could be limited"));
}

TEST_F(EngineTest, PausesMeasuresAndShowsProcesses) {
  ContainerRequest request = box({"sleep"});
  request.resources.memory = 64 << 20;
  const std::string id = engine_->run(request);
  engine_->pause(id);
  EXPECT_EQ(engine_->inspect(id).state.status, ContainerStatus::kPaused);
  failure(Kind::kConflict, [&] { engine_->exec(id, {.cmd = {"/box"}}); });
  engine_->unpause(id);
  const TopResult top = engine_->top(id);
  ASSERT_EQ(top.processes.size(), 1U);
  EXPECT_EQ(top.processes[0].back(), "/box sleep");
  EXPECT_EQ(engine_->stats(id).memory_limit, 64U << 20);
  engine_->update(id, {.pids_limit = 9});
  EXPECT_EQ(engine_->stats(id).pids_limit, 9U);
  engine_->pause(id);
  engine_->remove(id, true);
  EXPECT_THAT(leftovers_at_rest(), IsEmpty());
}

TEST_F(EngineTest, CopiesBothWaysAndCommits) {
  const std::string id = engine_->create(box({"cat", "/tmp/copied/from-image"}));
  const fs::path archive = dir_->path() / "archive.tar";
  engine_->copy_from(id, "/data/from-image", open_file(archive, O_WRONLY | O_CREAT, 0600).get());
  failure(Kind::kNotFound,
          [&] { engine_->copy_to(id, "/tmp/copied", open_file(archive, O_RDONLY).get()); });
  engine_->copy_to(id, "/tmp", open_file(archive, O_RDONLY).get());
  EXPECT_EQ(engine_->stat_path(id, "/tmp/from-image").size, 12U);
  const std::string image =
      engine_->commit({.container = id, .reference = "copy:1", .changes = {"ENV B=2"}});
  EXPECT_EQ(engine_->inspect_image("copy:1").id, image);
  ContainerRequest request = box({"cat", "/tmp/from-image", "env"});
  request.image = "copy:1";
  std::string copy;
  EXPECT_EQ(run_to_end(request, &copy), 0);
  EXPECT_THAT(log_of(copy), HasSubstr("of the image"));
  EXPECT_THAT(log_of(copy), HasSubstr("B=2"));
  failure(Kind::kConflict, [&] { engine_->remove_image("copy:1"); });
}

TEST_F(EngineTest, WhatTheEngineMountsIsNoChange) {
  std::string id;
  EXPECT_EQ(run_to_end(box({"write", "/tmp/x", "more"}), &id), 0);
  std::vector<std::string> paths;
  for (const Change& change : engine_->diff(id)) paths.push_back(change.path);
  EXPECT_THAT(paths, ElementsAre("/tmp", "/tmp/x"));
  engine_->commit({.container = id, .reference = "more"});
  ContainerRequest request = box({"true"});
  request.image = "more";
  const std::string next = engine_->create(request);
  EXPECT_EQ(engine_->stat_path(next, "/tmp/x").size, 4U);
  EXPECT_THAT(failure(Kind::kNotFound, [&] { engine_->stat_path(next, "/etc/hosts"); }),
              HasSubstr("/etc/hosts"));
}

TEST_F(EngineTest, AShareableIpcCanBeJoinedAndNoOther) {
  ContainerRequest donor = box({"write", "/dev/shm/note", "shared", "echo", "up", "sleep"});
  donor.ipc_mode = "shareable";
  const std::string id = engine_->run(donor);
  await_output(id, "up");
  ContainerRequest guest = box({"cat", "/dev/shm/note"});
  guest.ipc_mode = "container:" + id;
  std::string reader;
  EXPECT_EQ(run_to_end(guest, &reader), 0);
  EXPECT_EQ(log_of(reader), "shared");
  const auto is_mounted = [&] {
    return read_file("/proc/self/mountinfo").find(id + "/shm") != std::string::npos;
  };
  EXPECT_TRUE(is_mounted());
  engine_->stop(id, 0s);
  engine_->remove(id);
  EXPECT_FALSE(is_mounted());

  guest.cmd = {"cat", "/dev/shm/" + dir_->path().filename().native() + "/note"};
  guest.ipc_mode = "host";
  write_file_atomically(dir_->path() / "note", "of the host");
  EXPECT_EQ(run_to_end(guest, &reader), 0);
  EXPECT_EQ(log_of(reader), "of the host");

  const std::string alone = engine_->run(box({"sleep"}));
  guest.ipc_mode = "container:" + alone;
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->run(guest); }),
              HasSubstr("was not made with --ipc shareable"));
}

TEST_F(EngineTest, TheImageOfARunningContainerStays) {
  const std::string id = engine_->run(box({"sleep"}));
  const std::string image = engine_->inspect(id).image_id;
  EXPECT_THAT(failure(Kind::kConflict, [&] { engine_->remove_image(image, true); }),
              HasSubstr("the running container " + short_id(id)));
  engine_->stop(id, 0s);
  EXPECT_THAT(engine_->remove_image(image, true).deleted, ElementsAre(image));
  engine_->start(id);  // what it needs of the image is its own
}

TEST_F(EngineTest, DiskUsageCountsSharedLayersOnce) {
  const std::uint64_t base = engine_->disk_usage().layers_size;
  std::string id;
  EXPECT_EQ(run_to_end(box({"write", "/tmp/x", "more"}), &id), 0);
  engine_->commit({.container = id, .reference = "more"});
  const DiskUsage usage = engine_->disk_usage();
  EXPECT_EQ(usage.images.size(), 2U);
  EXPECT_EQ(usage.layers_size, base + 4);
  EXPECT_EQ(usage.unused_layers_size, 4U);  // the container has the first image
  engine_->remove(id);
  EXPECT_EQ(engine_->disk_usage().unused_layers_size, base + 4);
  engine_->remove_image("more");
}

TEST_F(EngineTest, EventsTellTheLife) {
  std::string id;
  run_to_end(box({"exit", "1"}), &id);
  engine_->remove(id);
  std::vector<std::string> actions;
  engine_->events({.since = Time(), .filters = {{"container", {id}}}}, [&](const Event& event) {
    actions.push_back(event.action);
    return true;
  });
  EXPECT_THAT(actions, ElementsAre("create", "start", "die", "destroy"));
}

TEST_F(EngineTest, EventsTellOfSignalsNetworksVolumesAndNames) {
  engine_->create_network({.name = "deck"});
  ContainerRequest request = box({"term", "echo", "up", "sleep"});
  request.name = "old";
  request.network_mode = "deck";
  request.mounts = {volume::parse_volume_option("hold:/hold:ro")};
  const std::string id = engine_->run(request);
  await_output(id, "up");
  engine_->exec(id, {.cmd = {"/box", "echo", "x"}});
  engine_->rename(id, "new");
  engine_->stop(id, 20s);
  engine_->remove(id);
  std::vector<std::string> seen;
  std::map<std::string, std::map<std::string, std::string>> attributes;
  engine_->events({.since = Time()}, [&](const Event& event) {
    if (event.actor_id == id || event.attributes.count("container") != 0) {
      seen.push_back(event.type + " " + event.action);
      attributes[seen.back()] = event.attributes;
    }
    return true;
  });
  EXPECT_THAT(seen,
              ElementsAre("container create", "network connect", "volume mount", "container start",
                          "container exec_start: /box echo x", "container rename", "container kill",
                          "container die", "network disconnect", "volume unmount", "container stop",
                          "container destroy"));
  EXPECT_EQ(attributes["container rename"]["oldName"], "/old");
  EXPECT_EQ(attributes["container rename"]["name"], "new");
  EXPECT_EQ(attributes["container kill"]["signal"], "15");
  EXPECT_EQ(attributes["network disconnect"]["name"], "deck");
  EXPECT_EQ(attributes["volume mount"]["destination"], "/hold");
  EXPECT_EQ(attributes["volume mount"]["read/write"], "false");
  EXPECT_EQ(attributes["volume unmount"]["container"], id);
}

TEST_F(EngineTest, AFollowerOfEventsEndsWhenItMayNotGoOn) {
  int asked = 0;
  const auto none = [](const Event&) { return true; };
  engine_->events({.follow = true, .go_on = [&] { return ++asked < 3; }}, none);
  EXPECT_EQ(asked, 3);
  // A deadline before the next question ends it as well.
  engine_->events({.until = std::chrono::system_clock::now() + 10ms,
                   .follow = true,
                   .go_on = [] { return true; }},
                  none);
}

TEST_F(EngineTest, AnotherEngineSeesTheSameContainers) {
  const std::string id = engine_->run(box({"sleep"}));
  Engine other(options());
  EXPECT_EQ(other.inspect(id).state.status, ContainerStatus::kRunning);
  other.remove(id, true);
  EXPECT_THAT(engine_->list({.all = true}), IsEmpty());
}

// A child that works with containers is killed at many instants; recover leaves whole containers
// and nothing else.
TEST_F(EngineTest, RecoverCleansWhatAKilledEngineLeft) {
  engine_->create_network({.name = "deck", .subnet = "10.78.0.0/24"});
  engine_.reset();  // no connection of ours is shared with the child
  for (int round = 0; round < 12; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        Engine engine(options());
        for (;;) {
          ContainerRequest request = box({"exit", "0"});
          request.network_mode = "deck";
          request.mounts = {volume::parse_volume_option("/data")};
          const std::string id = engine.run(request);
          engine.wait(id);
          engine.remove(id, true, true);
        }
      } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        ::_exit(1);
      }
    }
    ::usleep(static_cast<useconds_t>(20'000 + 17'000 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the load itself failed";
    Engine engine(options());
    engine.recover();
    for (const ContainerSummary& each : engine.list({.all = true})) {
      engine.remove(each.id, true, true);
    }
    ASSERT_THAT(leftovers_at_rest(), IsEmpty()) << "round " << round;
    EXPECT_THAT(engine.inspect_network("deck").containers, IsEmpty());
  }
  engine_.emplace(options());
  engine_->prune_volumes();
  EXPECT_THAT(engine_->volumes(), IsEmpty());
}

}  // namespace
}  // namespace seatrial::core
