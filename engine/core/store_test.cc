#include "engine/core/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/core/names.h"

namespace seatrial::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  std::string failure(Kind kind, const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind) << failure.what();
      return failure.what();
    }
    return "(it did not fail)";
  }
  ContainerRecord container(const std::string& name, const std::string& id = new_id()) {
    ContainerRecord record{.id = id,
                           .name = name,
                           .created = std::chrono::system_clock::now(),
                           .image_id = "sha256:x",
                           .request = {.image = "i", .cmd = {"c"}}};
    record.mounts = {{.type = volume::MountType::kVolume,
                      .name = "v",
                      .source = "/s",
                      .destination = "/d",
                      .read_write = false,
                      .propagation = "rslave"}};
    return record;
  }

  TempDir dir_{std::filesystem::temp_directory_path()};
  std::filesystem::path file_ = dir_.path() / "engine.db";
  Store store_{file_};
};

TEST_F(StoreTest, ContainersComeBackAsTheyWere) {
  ContainerRecord record = container("one");
  store_.insert(record);
  record.phase = Phase::kExited;
  record.pid = 5;
  record.exit_code = 137;
  record.oom_killed = true;
  record.error = "no";
  record.started = record.created;
  record.restarts = 2;
  store_.save(record);
  const ContainerRecord read = Store(file_).container(record.id).value();
  EXPECT_EQ(read.phase, Phase::kExited);
  EXPECT_EQ(read.exit_code, 137);
  EXPECT_EQ(read.started, record.started);
  EXPECT_EQ(read.finished, std::nullopt);
  EXPECT_EQ(read.request.cmd, record.request.cmd);
  ASSERT_EQ(read.mounts.size(), 1U);
  EXPECT_EQ(read.mounts[0].propagation, "rslave");
  EXPECT_FALSE(read.mounts[0].read_write);
}

TEST_F(StoreTest, ContainersAreFoundByNameIdAndPrefix) {
  const std::string one = "abc" + std::string(61, '1');
  const std::string two = "abd" + std::string(61, '2');
  store_.insert(container("first", one));
  store_.insert(container("abd", two));
  for (const std::string& text :
       {one, std::string("first"), std::string("/first"), std::string("abc")}) {
    EXPECT_EQ(store_.container_id(text), one) << text;
  }
  EXPECT_EQ(store_.container_id("abd"), two);
  EXPECT_THAT(failure(Kind::kInvalidArgument, [&] { store_.container_id("ab"); }),
              HasSubstr("Multiple IDs"));
  EXPECT_EQ(failure(Kind::kNotFound, [&] { store_.container_id("nobody"); }),
            "No such container: nobody");
  EXPECT_EQ(failure(Kind::kNotFound, [&] { store_.container_id("%"); }), "No such container: %");
}

TEST_F(StoreTest, NamesAndLeasesAreUnique) {
  store_.insert(container("name", std::string(64, 'a')));
  failure(Kind::kConflict, [&] { store_.insert(container("name", std::string(64, 'b'))); });
  store_.insert(container("other", std::string(64, 'b')));
  const std::string bridge = store_.network("bridge").id;
  EndpointRecord endpoint{.container = std::string(64, 'a'), .network = bridge, .ip = "10.0.0.2"};
  endpoint.ports = {{.container_port = 80, .host_port = 8080}};
  store_.save(endpoint);
  endpoint.container = std::string(64, 'b');
  failure(Kind::kConflict, [&] { store_.save(endpoint); });
  endpoint.ip = "";
  store_.save(endpoint);
  EXPECT_EQ(store_.endpoints_in(bridge).size(), 2U);
  EXPECT_EQ(store_.endpoints_of(std::string(64, 'a')).at(0).ports.at(0).host_port, 8080);
}

TEST_F(StoreTest, WhatBelongsToAContainerGoesWithIt) {
  const ContainerRecord record = container("one");
  store_.insert(record);
  store_.use_volume("v", record.id);
  store_.save(EndpointRecord{.container = record.id, .network = store_.network("bridge").id});
  EXPECT_THAT(store_.users_of_volume("v"), ElementsAre(record.id));
  store_.erase(record.id);
  EXPECT_TRUE(store_.users_of_volume("v").empty());
  EXPECT_TRUE(store_.endpoints_in(store_.network("bridge").id).empty());
}

TEST_F(StoreTest, TransactionsAreTakenBack) {
  {
    Transaction transaction(store_.database());
    store_.insert(container("gone"));
  }
  EXPECT_TRUE(store_.containers().empty());
}

TEST_F(StoreTest, EventsKeepTheirOrderAndTheirBound) {
  Transaction transaction(store_.database());
  for (int at = 0; at < 4608; ++at) {
    store_.add_event(
        {.type = "container", .action = std::to_string(at), .attributes = {{"a", "b"}}});
  }
  const auto events = store_.events_after(4606);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].action, "4607");
  EXPECT_EQ(events[1].attributes.at("a"), "b");
  EXPECT_EQ(store_.events_after(0).size(), 4096U);
  store_.add_event({.type = "container"});
  EXPECT_EQ(store_.events_after(0).size(), 4097U);  // thrown away by the 256, not one by one
}

TEST_F(StoreTest, SeveralProcessesWriteAtOnce) {
  constexpr int kProcesses = 4;
  constexpr int kEach = 25;
  for (int process = 0; process < kProcesses; ++process) {
    if (::fork() != 0) continue;
    int status = 0;
    try {
      Store own(file_);
      for (int at = 0; at < kEach; ++at) {
        Transaction transaction(own.database());
        own.insert(container("c" + std::to_string(process) + "-" + std::to_string(at)));
        transaction.commit();
      }
    } catch (...) {
      status = 1;
    }
    ::_exit(status);
  }
  for (int process = 0; process < kProcesses; ++process) {
    int status = 0;
    ASSERT_GT(::wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(store_.containers().size(), static_cast<std::size_t>(kProcesses * kEach));
}

TEST_F(StoreTest, ALaterVersionIsRefused) {
  store_.database().run("PRAGMA user_version = 3");
  EXPECT_THAT(failure(Kind::kUnsupported, [&] { Store again(file_); }), HasSubstr("version 3"));
}

TEST_F(StoreTest, TheFirstVersionIsTakenOverWithItsContainers) {
  const ContainerRecord record = container("old");
  store_.insert(record);
  store_.database().run(
      "ALTER TABLE containers DROP COLUMN backoff; ALTER TABLE containers DROP COLUMN stopped; "
      "PRAGMA user_version = 1");
  Store later(file_);
  EXPECT_EQ(later.container(record.id).value().backoff.count(), 0);
  EXPECT_FALSE(later.is_stopped(record.id));
  Store again(file_);
  EXPECT_EQ(again.containers().size(), 1U);
}

TEST_F(StoreTest, WhoSavesAContainerDoesNotForgetThatItWasStopped) {
  ContainerRecord record = container("one");
  store_.insert(record);
  EXPECT_FALSE(store_.is_stopped(record.id));
  Store(file_).set_stopped(record.id, true);
  record.backoff = std::chrono::milliseconds(400);
  record.phase = Phase::kRestarting;
  store_.save(record);
  EXPECT_TRUE(store_.is_stopped(record.id));
  EXPECT_EQ(store_.container(record.id).value().backoff, record.backoff);
  EXPECT_EQ(store_.container(record.id).value().phase, Phase::kRestarting);
  store_.set_stopped(record.id, false);
  EXPECT_FALSE(store_.is_stopped(record.id));
}

}  // namespace
}  // namespace seatrial::core
