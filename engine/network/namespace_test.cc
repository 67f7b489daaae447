#include "engine/network/namespace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using Namespaces = InNamespaces;

ino_t inode_of(const UniqueFd& fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd.get(), &status), 0);
  return status.st_ino;
}

TEST_F(Namespaces, ANewOneHasItsLoopbackUpAndTheCallerStays) {
  in_child([] {
    const ino_t before = inode_of(own_network_namespace());
    const UniqueFd fresh = new_network_namespace();
    EXPECT_NE(inode_of(fresh), before);
    EXPECT_EQ(inode_of(own_network_namespace()), before);
    EXPECT_TRUE(arrives({.client = fresh.get(),
                         .to_ip = "127.0.0.1",
                         .to_port = 80,
                         .server = fresh.get(),
                         .server_port = 80}));
    EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1) << "no child is left";
  });
}

TEST_F(Namespaces, ThreadsMakeThemAtOnce) {
  in_child([] {
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; ++index) {
      threads.emplace_back([] {
        for (int round = 0; round < 5; ++round) EXPECT_TRUE(new_network_namespace());
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

TEST_F(Namespaces, WhatIsNoNamespaceIsRefused) {
  in_child([] {
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(error_of([&] { socket_in(file.get(), AF_INET, SOCK_DGRAM, 0); }),
              "enter a network namespace: EINVAL (Invalid argument)");
  });
}

}  // namespace
}  // namespace seatrial::network
